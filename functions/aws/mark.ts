import { randomBytes } from 'node:crypto';

/** A mark for one write, by which whoever made it knows it again when its answer was lost. Nobody makes the same one twice. */
export function newMark(): string {
  return randomBytes(9).toString('base64url');
}
