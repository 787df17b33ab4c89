import { createHash } from 'node:crypto';

/**
 * A path that is one authorization server's alone, so that a response of another cannot pass for its own
 * (RFC 9700 §2.1, §4.4.2).
 *
 * @param {string} path
 * @param {string} issuer
 */
export function pathOfIssuer(path, issuer) {
  return `${path.replace(/\/$/, '')}/${createHash('sha256').update(issuer).digest('hex').slice(0, 16)}`;
}
