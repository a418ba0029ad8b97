import { randomBytes } from 'node:crypto';

/** A new id for one conditional write, by which its caller recognises the write when its answer was lost. */
export function newWriteId(): string {
  return randomBytes(9).toString('base64url');
}
