/**
 * Whether a record or a token counts no more. Such a record is as if it were not there, and a store removes it with its next
 * write.
 *
 * @param {{ expiresAt?: unknown }} value `expiresAt` in seconds since 1970
 */
export function isExpired({ expiresAt }) {
  return typeof expiresAt === 'number' && expiresAt * 1000 <= Date.now();
}
