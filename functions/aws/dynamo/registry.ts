import type { Clock, Directory, Lifecycle, Log, Outbox, Registry, Survey } from '../../gateway/ports.ts';
import type { Caller } from '../client/aws-service.ts';
import { DynamoCalls } from './calls.ts';
import { DynamoLifecycle } from './lifecycle.ts';
import { DynamoOutbox } from './outbox.ts';
import { DynamoTable, type TableAddress } from './table.ts';

/** Finds sockets in a table. A function that never looks for sockets uses `NoDirectory`. */
export type DirectoryClass = new (
  table: TableAddress,
  caller: Caller,
  clock: Clock,
  log: Pick<Log, 'warnOnce'>,
) => Directory & Survey;

/**
 * The registry of all gateways that share a DynamoDB table, which is keyed as `tableSchema` says. It holds no state of
 * any socket, so a process builds it once and keeps it.
 */
export function dynamoRegistry(
  address: TableAddress,
  caller: Caller,
  clock: Clock,
  Directory: DirectoryClass,
  log: Pick<Log, 'warnOnce'>,
): Registry {
  const table = new DynamoTable(new DynamoCalls(address.endpoint, caller, clock), address.name);
  return bound(
    new DynamoLifecycle(table, clock),
    new DynamoOutbox(table),
    new Directory(address, caller, clock, log),
  );
}

/** One object with the methods of its parts, each bound to its own part. Inherited methods are left out. */
function bound(lifecycle: Lifecycle, outbox: Outbox, directory: Directory & Survey): Registry;
function bound(...parts: readonly object[]): object {
  const methods = parts.flatMap((part) =>
    Object.getOwnPropertyNames(Reflect.getPrototypeOf(part))
      .filter((name) => name !== 'constructor')
      .map((name) => [name, Reflect.get(part, name).bind(part)]),
  );
  return Object.fromEntries(methods);
}
