import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';

/** The errors of socket(2) and connect(2) when this process or machine has no resources left, for any address. */
const anywhere: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS']);
/** Bun says of a connection for which there is no descriptor that its server refuses it. */
const isOnBun = process.versions['bun'] !== undefined;

/**
 * What this machine lacks, as the code of an error, if a connection failed because it has no descriptors or ports left.
 * The server never saw it, and is not to blame. Undefined if there is another reason.
 */
export function shortageOf(error: unknown): string | undefined {
  const code = fieldOf(error, 'code');
  if (anywhere.has(code)) return String(code);
  if (error instanceof AggregateError && error.errors.length > 0) return shortageOfAll(error.errors);
  // One of several addresses, or the only one: there is no free port, or no local address of its family.
  if (code === 'EADDRNOTAVAIL') return code;
  // Without descriptors neither the hosts file nor a name server can be read, so every name seems unknown.
  const isVague = fieldOf(error, 'syscall') === 'getaddrinfo' || (isOnBun && code === 'ECONNREFUSED');
  return isVague ? lackOfDescriptors() : undefined;
}

/** A name has several addresses, and each has failed. */
function shortageOfAll(errors: readonly unknown[]): string | undefined {
  const shortages = errors.map(shortageOf);
  const isEach = shortages.every((shortage) => shortage !== undefined);
  return shortages.find((shortage) => isEach || anywhere.has(shortage));
}

function fieldOf(error: unknown, name: 'code' | 'syscall'): unknown {
  return error instanceof Error && name in error ? Reflect.get(error, name) : undefined;
}

function lackOfDescriptors(): string | undefined {
  try {
    closeSync(openSync(devNull, 'r'));
    return undefined;
  } catch (error) {
    const code = String(fieldOf(error, 'code'));
    return ['EMFILE', 'ENFILE'].includes(code) ? code : undefined;
  }
}
