import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Clock, Registry } from '../gateway/ports.ts';
import { DynamoDirectory } from './dynamo-directory.ts';
import { DynamoLifecycle } from './dynamo-lifecycle.ts';
import { DynamoOutbox } from './dynamo-outbox.ts';
import { DynamoTable } from './dynamo-table.ts';

/**
 * The registry of all gateways that share a table of DynamoDB, keyed as `tableSchema` says. How often the client
 * tries again is its own setting, `maxAttempts`. The process may build one and keep it: it holds no socket's state.
 */
export function dynamoRegistry(client: DynamoDBClient, tableName: string, clock: Clock): Registry {
  const table = new DynamoTable(client, tableName);
  const lifecycle = new DynamoLifecycle(table, clock);
  const outbox = new DynamoOutbox(table, clock);
  const directory = new DynamoDirectory(table, clock);
  return {
    put: (record) => lifecycle.put(record),
    get: (socket) => lifecycle.get(socket),
    accept: (socket, acceptance, to) => lifecycle.accept(socket, acceptance, to),
    keep: (socket, state) => lifecycle.keep(socket, state),
    close: (socket, end) => lifecycle.close(socket, end),
    lease: (socket, status, forMs) => lifecycle.lease(socket, status, forMs),
    remove: (socket) => lifecycle.remove(socket),
    append: (socket, body) => outbox.append(socket, body),
    waiting: (socket) => outbox.waiting(socket),
    flushed: (socket, count) => outbox.flushed(socket, count),
    pages: (filter) => directory.pages(filter),
    list: (filter, limit, cursor) => directory.list(filter, limit, cursor),
  };
}
