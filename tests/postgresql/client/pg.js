/** The client of PostgreSQL, as applications have it. */

/** @typedef {import('pg').ClientConfig} ClientConfig */

export { Client, Pool } from 'pg';
