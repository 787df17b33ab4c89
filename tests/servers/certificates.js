/**
 * X.509 certificates (RFC 5280) for servers on 127.0.0.1, made when they are needed: no private key lies about in a
 * repository, and none expires. Node reads certificates, but makes none.
 */

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** @import { KeyObject } from 'node:crypto' */

/**
 * @typedef {object} Certificate
 * @property {string} name
 * @property {string} cert PEM
 * @property {string} key its private key, PEM
 */

const DAY = 86_400_000;

/** The tags of DER (X.690 §8) that are needed here. */
const tag = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  text: 0x0c,
  time: 0x17,
  sequence: 0x30,
  set: 0x31,
};
const ecdsaWithSha256 = sequence(object('2a8648ce3d040302'));

/** An authority of one's own, as companies have them. */
export function createAuthority(name = 'an authority of the tests') {
  return certificate(name, undefined, extension('551d13', true, sequence(value(tag.boolean, Buffer.of(0xff)))));
}

/**
 * A certificate for a server on 127.0.0.1.
 *
 * @param {Certificate} [authority] who signs it; default: itself
 */
export function createServerCertificate(authority) {
  const address = value(0x87, Buffer.of(127, 0, 0, 1));
  return certificate('127.0.0.1', authority, extension('551d11', false, sequence(address)));
}

/**
 * @param {string} name
 * @param {Certificate | undefined} authority
 * @param {Buffer} onlyExtension
 * @returns {Certificate}
 */
function certificate(name, authority, onlyExtension) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signed = sequence(
    value(0xa0, value(tag.integer, Buffer.of(2))),
    value(tag.integer, Buffer.of(1), randomBytes(8)),
    ecdsaWithSha256,
    distinguished(authority?.name ?? name),
    sequence(time(Date.now() - DAY), time(Date.now() + DAY)),
    distinguished(name),
    publicKey.export({ format: 'der', type: 'spki' }),
    value(0xa3, sequence(onlyExtension)),
  );
  const key = pem(privateKey);
  const signature = sign('sha256', signed, authority?.key ?? key);
  const whole = sequence(signed, ecdsaWithSha256, value(tag.bits, Buffer.of(0), signature));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return { name, key, cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n') };
}

/** @param {KeyObject} key */
function pem(key) {
  return String(key.export({ format: 'pem', type: 'pkcs8' }));
}

/**
 * @param {string} identifier
 * @param {boolean} critical
 * @param {Buffer} content
 */
function extension(identifier, critical, content) {
  const flag = critical ? [value(tag.boolean, Buffer.of(0xff))] : [];
  return sequence(object(identifier), ...flag, value(tag.octets, content));
}

/** A name with nothing but `CN`. @param {string} name */
function distinguished(name) {
  return sequence(value(tag.set, sequence(object('550403'), value(tag.text, Buffer.from(name)))));
}

/** @param {number} at milliseconds since 1970 */
function time(at) {
  const digits = new Date(at).toISOString().replace(/\D/g, '');
  return value(tag.time, Buffer.from(`${digits.slice(2, 14)}Z`));
}

/** An object identifier. @param {string} encoded */
function object(encoded) {
  return value(0x06, Buffer.from(encoded, 'hex'));
}

/** @param {Buffer[]} items */
function sequence(...items) {
  return value(tag.sequence, ...items);
}

/**
 * @param {number} kind
 * @param {Buffer[]} contents
 */
function value(kind, ...contents) {
  const content = Buffer.concat(contents);
  const { length } = content;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(kind, ...head), content]);
}
