import { BatchWriteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { handOver } from '../../docs/costs.ts';
import { awsPolicy } from '../../functions/aws/gateway.ts';
import { SqsTaskQueue } from '../../functions/aws/queue/sqs-task-queue.ts';
import { parseTask } from '../../functions/aws/queue/task-message.ts';
import { broadcast } from '../../functions/gateway/deliver/broadcast.ts';
import type { Gateway } from '../../functions/gateway/gateway.ts';
import { runTask } from '../../functions/gateway/run-task.ts';
import { acceptance } from '../contract/ports/registry-world.ts';
import { aRecord } from '../fakes/a-record.ts';
import { fakeGateway } from '../fakes/fake-gateway.ts';
import { broadcastsAt, caller, Dynamo, QuickClock, registryAt } from './dynamo-table.ts';
import { JsonService, type Operation } from './json-service.ts';
import { itemsOf } from './passing-time.ts';
import { Wires } from './wires.ts';

vi.setConfig({ testTimeout: 60_000 });

let dynamo: Dynamo;
let client: DynamoDBClient;
let wires: Wires;
/** The messages that wait. */
const messages: string[] = [];
const send: Operation = ({ MessageBody }) => ({ MessageId: String(messages.push(String(MessageBody))) });
const sqs = new JsonService({
  SendMessage: send,
  SendMessageBatch: ({ Entries }) => ({
    Successful: (Entries as Record<string, unknown>[]).map(send),
    Failed: [],
  }),
});
beforeAll(async () => {
  dynamo = await Dynamo.start();
  client = dynamo.client();
  const origin = await sqs.listen();
  const origins = {
    dynamodb: dynamo.endpoint,
    sqs: origin,
    secrets: origin,
    connections: origin,
    app: origin,
  };
  wires = await Wires.open(origins);
});
afterAll(async () => {
  await wires.close();
  await sqs.stop();
  await dynamo.stop();
});

/** A table of so many open sockets. Returns the bytes of a record, as DynamoDB counts them. */
async function filled(name: string, count: number): Promise<number> {
  const registry = registryAt({ name, endpoint: dynamo.endpoint });
  const { socket } = aRecord();
  await registry.put(aRecord({ socket }));
  await registry.accept(socket, acceptance, 'open');
  const [item = {}] = await itemsOf(client, name);
  const others = Array.from({ length: count - 1 }, () => ({ ...item, socket: { S: aRecord().socket } }));
  while (others.length > 0) {
    const puts = others.splice(0, 25).map((Item) => ({ PutRequest: { Item } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [name]: puts } }));
  }
  const { units } = await scanned(name, count);
  return units;
}

/** How large a record is, by the units of a Scan of all. */
async function scanned(name: string, count: number): Promise<{ units: number }> {
  const passages = await wires.during(async () => {
    const registry = registryAt({ name, endpoint: wires.origin('dynamodb') });
    for await (const _ of registry.pages({}));
  });
  const units = passages.reduce((sum, one) => sum + one.units, 0);
  return { units: (units * 4_096) / count };
}

function gatewayAt(name: string): Gateway {
  const endpoint = wires.origin('dynamodb');
  const clock = new QuickClock();
  const urls = { url: 'https://sqs.example/1/tasks', batches: 'https://sqs.example/1/batches' };
  const unused = { presence: undefined, retries: undefined, deadRetries: undefined };
  return {
    ...fakeGateway().gateway,
    clock,
    policy: awsPolicy,
    registry: registryAt({ name, endpoint }, clock),
    broadcasts: broadcastsAt({ name, endpoint }, clock),
    tasks: new SqsTaskQueue({ ...urls, ...unused, endpoint: wires.origin('sqs') }, caller, clock),
  };
}

test.for([501, 10_000])(
  'a broadcast to %i sockets takes the units and the messages that the costs count',
  async (count) => {
    const name = await dynamo.table(client);
    const bytes = await filled(name, count);
    let sent = 0;
    const passages = await wires.during(async () => {
      const outcome = await broadcast(gatewayAt(name), `call ${count}`, { body: 'hello', except: [] });
      expect(outcome).toHaveProperty('id');
      // Each task meets a function that has just been started.
      for (let next = messages.shift(); next !== undefined; next = messages.shift()) {
        sent += 1;
        await runTask(gatewayAt(name), parseTask(next));
      }
    });
    const sum = (operations: RegExp): number =>
      passages.reduce((units, one) => (operations.test(one.operation) ? units + one.units : units), 0);
    const { segments, batches, reads, writes, requests } = handOver(count, bytes);
    expect(sum(/^(?:Put|Update|Delete)Item$/), 'write units').toBe(writes);
    expect(sent, 'messages').toBe(segments + batches);
    expect(sent * 3, 'requests of SQS at most').toBe(requests);
    const read = sum(/^(?:GetItem|BatchGetItem|Query|Scan)$/);
    // Scans are rounded up, page by page.
    expect(read / reads, 'read units').toBeGreaterThan(0.95);
    expect(read / reads, 'read units').toBeLessThan(1.05);
  },
);
