import type {
  Clock,
  Directory,
  Groups,
  Lifecycle,
  Log,
  Outbox,
  Registry,
  Survey,
} from '../../gateway/ports.ts';
import type { Caller } from '../client/aws-service.ts';
import { type DynamoAccess, DynamoCalls, dynamoAccess, itemDialect } from './calls.ts';
import { DynamoGroups } from './groups.ts';
import { DynamoLifecycle } from './lifecycle.ts';
import { Memberships } from './memberships.ts';
import { DynamoOutbox } from './outbox.ts';
import { DynamoTable, type TableAddress, type TableNames } from './table.ts';

/** The part of the log that a registry needs. */
export type RegistryLog = Pick<Log, 'warn' | 'warnOnce'>;

/** The tables of a registry. */
export type RegistryTables = Pick<TableNames, 'name' | 'groups'>;

/** Finds sockets in the tables. A function that never looks for sockets uses `NoDirectory`. */
export type DirectoryClass = new (
  access: DynamoAccess,
  tables: RegistryTables,
  clock: Clock,
  log: RegistryLog,
) => Directory & Survey;

/**
 * The registry of all gateways that share two DynamoDB tables, which are keyed as `tableSchema` and `groupsSchema` say.
 * It holds no state of any socket, so a process builds it once and keeps it.
 */
export function dynamoRegistry(
  address: RegistryTables & Pick<TableAddress, 'endpoint'>,
  caller: Caller,
  clock: Clock,
  Directory: DirectoryClass,
  log: RegistryLog,
): Registry {
  return registryWith(dynamoAccess(address.endpoint, caller, clock), address, clock, Directory, log);
}

/** The same over any access to DynamoDB. */
export function registryWith(
  access: DynamoAccess,
  tables: RegistryTables,
  clock: Clock,
  Directory: DirectoryClass,
  log: RegistryLog,
): Registry {
  const calls = new DynamoCalls(access(itemDialect));
  const table = new DynamoTable(calls, tables.name);
  const memberships = new Memberships(access, tables.groups, clock, log);
  return bound(
    new DynamoLifecycle({ table, memberships, clock }),
    new DynamoOutbox(table),
    new DynamoGroups(table, memberships, clock),
    new Directory(access, tables, clock, log),
  );
}

/** One object with the methods of its parts, each bound to its own part. Inherited methods are left out. */
function bound(lifecycle: Lifecycle, outbox: Outbox, groups: Groups, directory: Directory & Survey): Registry;
function bound(...parts: readonly object[]): object {
  const methods = parts.flatMap((part) =>
    Object.getOwnPropertyNames(Reflect.getPrototypeOf(part))
      .filter((name) => name !== 'constructor')
      .map((name) => [name, Reflect.get(part, name).bind(part)]),
  );
  return Object.fromEntries(methods);
}
