/**
 * By when the last of a crowd tries again after a restart that took so long, in milliseconds. A pause between two tries
 * is at most half as long as the gateway was away, which on a busy machine may be many seconds.
 */
export function soonMs(awayMs: number): number {
  return Math.max(3_000, 2_000 + awayMs / 2);
}
