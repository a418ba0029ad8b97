import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';

/** What socket(2) and connect(2) say when this process or this machine has nothing more to give, whatever the address. */
const anywhere: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS']);

/**
 * Whether a connection could not be made for want of something of our own, descriptors or ports: the server knows
 * nothing of it, and has done nothing wrong.
 */
export function isShortage(error: unknown): boolean {
  const code = fieldOf(error, 'code');
  if (anywhere.has(code)) return true;
  // A name with several addresses. This machine may have no port for one of them, or no such address of its own.
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.some(isOutOf) || error.errors.every(isShortage);
  if (code === 'EADDRNOTAVAIL') return true;
  // Without descriptors the hosts file can't be read, nor a name server asked, and a name seems to be unknown.
  return fieldOf(error, 'syscall') === 'getaddrinfo' && lacksDescriptors();
}

function isOutOf(error: unknown): boolean {
  return anywhere.has(fieldOf(error, 'code'));
}

function fieldOf(error: unknown, name: 'code' | 'syscall'): unknown {
  return error instanceof Error && name in error ? Reflect.get(error, name) : undefined;
}

function lacksDescriptors(): boolean {
  try {
    closeSync(openSync(devNull, 'r'));
    return false;
  } catch (error) {
    return ['EMFILE', 'ENFILE'].includes(String(fieldOf(error, 'code')));
  }
}
