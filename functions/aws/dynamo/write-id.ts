import { randomBytes } from 'node:crypto';

/** A new id for one conditional write. When the answer is lost, the caller recognises its own write by it. */
export function newWriteId(): string {
  return randomBytes(9).toString('base64url');
}
