import type { Clock, Directory, Log, Registry, Survey } from '../../gateway/ports.ts';
import type { Caller } from '../client/aws-service.ts';
import { DynamoCalls } from './calls.ts';
import { DynamoLifecycle } from './lifecycle.ts';
import { DynamoOutbox } from './outbox.ts';
import { DynamoTable, type TableAddress } from './table.ts';

/** A way to find sockets in a table, which a function may do without. */
export type DirectoryClass = new (
  table: TableAddress,
  caller: Caller,
  clock: Clock,
  log: Pick<Log, 'warnOnce'>,
) => Directory & Survey;

/**
 * The registry of all gateways that share a table of DynamoDB, keyed as `tableSchema` says. The process may build one
 * and keep it: it holds no socket's state.
 */
export function dynamoRegistry(
  address: TableAddress,
  caller: Caller,
  clock: Clock,
  Directory: DirectoryClass,
  log: Pick<Log, 'warnOnce'>,
): Registry {
  const table = new DynamoTable(new DynamoCalls(address.endpoint, caller, clock), address.name);
  const lifecycle = new DynamoLifecycle(table, clock);
  const outbox = new DynamoOutbox(table);
  const directory = new Directory(address, caller, clock, log);
  return {
    put: (record) => lifecycle.put(record),
    get: (socket) => lifecycle.get(socket),
    accept: (socket, acceptance, to) => lifecycle.accept(socket, acceptance, to),
    setState: (socket, state) => lifecycle.setState(socket, state),
    markClosing: (socket, end, leaseMs) => lifecycle.markClosing(socket, end, leaseMs),
    lease: (socket, status, forMs) => lifecycle.lease(socket, status, forMs),
    postpone: (socket, status, forMs) => lifecycle.postpone(socket, status, forMs),
    remove: (socket) => lifecycle.remove(socket),
    append: (socket, body) => outbox.append(socket, body),
    waiting: (socket) => outbox.waiting(socket),
    flushed: (socket, count) => outbox.flushed(socket, count),
    survey: () => directory.survey(),
    pages: (filter, from) => directory.pages(filter, from),
    list: (filter, limit, cursor) => directory.list(filter, limit, cursor),
  };
}
