import { type GroupName, parseGroup } from '../functions/wire/group.ts';
import { parseIdempotencyKey } from '../functions/wire/idempotency-key.ts';
import { parseSocketId } from '../functions/wire/socket-id.ts';
import { ArgumentError } from './errors.ts';

/** Reads an argument that is the name of a group. Throws an `ArgumentError` if the gateway would refuse it. */
export function toGroup(group: string, argument = 'group'): GroupName {
  if (typeof group !== 'string') throw new ArgumentError(argument, 'must be the name of a group');
  const name = parseGroup(group);
  if (!name.ok) throw new ArgumentError(argument, `cannot be used: ${name.error}`);
  return name.value;
}

/** Whether a text can be the id of a socket. Throws an `ArgumentError` if it is no text, or empty. */
export function maySocketExist(socket: string): boolean {
  checkSocket(socket);
  return parseSocketId(socket) !== undefined;
}

/** Checks an argument that is the id of a socket. Throws an `ArgumentError` if it is no text, or empty. */
export function checkSocket(socket: string): void {
  if (typeof socket !== 'string' || socket === '')
    throw new ArgumentError('socket', 'must be the id of a socket');
}

/** Checks an `idempotencyKey`, if there is one. Throws an `ArgumentError` if the gateway would refuse it. */
export function checkKey(key: string | undefined): void {
  if (key === undefined) return;
  if (typeof key !== 'string') throw new ArgumentError('idempotencyKey', 'must be text');
  const parsed = parseIdempotencyKey(key);
  if (!parsed.ok) throw new ArgumentError('idempotencyKey', parsed.error);
}
