/**
 * Whether a record, or what stands for it, counts no more: then nobody reads it, and a store removes it with its next write.
 *
 * @param {{ expiresAt?: unknown }} value `expiresAt` in seconds since 1970
 */
export function isExpired({ expiresAt }) {
  return typeof expiresAt === 'number' && expiresAt * 1000 <= Date.now();
}
