/**
 * Ids of connections, requests and messages:
 * - an id is 11 random bytes in base64url, 15 characters and an equals sign
 */
import { randomBytes } from 'node:crypto';

/** Makes an id that no other thing has. */
export function newId(): string {
  return `${randomBytes(11).toString('base64url')}=`;
}

/** Whether a text has the form of an id; whether anything is known by it is another question. */
export function isId(text: string): boolean {
  return /^[\w-]{15}=$/.test(text);
}
