import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';

/** The errors of socket(2) and connect(2) when this process or machine has no resources left, for any address. */
const anywhere: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS']);

/**
 * Whether a connection failed because this machine lacks descriptors or ports. The server never saw it, and is not to
 * blame.
 */
export function isShortage(error: unknown): boolean {
  const code = fieldOf(error, 'code');
  if (anywhere.has(code)) return true;
  // The name has several addresses. EADDRNOTAVAIL for one means no free port, or no local address of its family.
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.some(isOutOf) || error.errors.every(isShortage);
  if (code === 'EADDRNOTAVAIL') return true;
  // Without descriptors neither the hosts file nor a name server can be read, so every name seems unknown.
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
