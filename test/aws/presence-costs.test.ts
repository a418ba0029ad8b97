import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { presenceUse } from '../../docs/costs.ts';
import { actions } from '../support/recording-app.ts';
import { Cloud, type Opened } from './cloud.ts';

const graceMs = 900_000;

let cloud: Cloud;
beforeAll(async () => {
  const HOOKS = 'handshake,message,closed,joined,left';
  cloud = await Cloud.start({ HOOKS, PRESENCE_GRACE_MS: String(graceMs) });
});
afterAll(() => cloud.stop());

/** What is asked of DynamoDB and SQS while something is done, but for the circuit breaker. */
async function costsOf(work: () => Promise<unknown>) {
  const before = { ...cloud.queue.requests };
  const passages = (await cloud.wires.during(work)).filter(({ body }) => !body.includes('"breaker#app"'));
  const sum = (operations: RegExp): number =>
    passages.reduce((units, one) => (operations.test(one.operation) ? units + one.units : units), 0);
  const { sent } = cloud.queue.requests;
  return {
    reads: sum(/^(?:GetItem|BatchGetItem|Query|Scan)$/),
    writes: sum(/^(?:Put|Update|Delete)Item$/),
    messages: sent - before.sent,
  };
}

/** Opens a socket of a user, in these groups. */
function opened(user: string, join: readonly string[]): Promise<Opened> {
  return cloud.open(({ fields: { event } }) => (event === 'handshake' ? actions({ user, join }) : 204));
}

/** Tasks that become due together may meet another's lease, and come back after five seconds more. */
async function passing(ms: number): Promise<void> {
  for (const each of [ms, 5_000]) {
    await cloud.pass(each);
    await cloud.settled();
  }
}

async function ended({ client, path }: Opened): Promise<void> {
  await client.close();
  await cloud.app.hook(path, 'closed');
  await cloud.settled();
}

describe('an app that wants to hear who comes and goes', { timeout: 60_000 }, () => {
  test('pays what is written down for a user who joins a group at first, and leaves it at last', async () => {
    const sockets: Opened[] = [];
    const joins = await costsOf(async () => {
      const socket = await opened('alice', ['one']);
      sockets.push(socket);
      await cloud.app.hook(socket.path, 'joined');
      await cloud.settled();
      await passing(100_000);
    });
    const leaves = await costsOf(async () => {
      for (const socket of sockets) await ended(socket);
      await passing(graceMs);
    });
    expect(cloud.app.of(sockets[0]?.path ?? '', 'left'), 'told').toHaveLength(1);
    // What the same costs without presence: its record and its row.
    expect({ ...joins, writes: joins.writes - 3 }, 'who comes').toEqual(presenceUse.joined);
    expect({ ...leaves, writes: leaves.writes - 3 }, 'who goes').toEqual(presenceUse.left);
  });

  test('pays seven writes for a reload that it does not hear of', async () => {
    const first = await opened('dave', ['reloaded']);
    await cloud.app.hook(first.path, 'joined');
    await passing(100_000);
    const sockets: Opened[] = [];
    const { writes } = await costsOf(async () => {
      await ended(first);
      sockets.push(await opened('dave', ['reloaded']));
      // Apart, so that no look waits for the lease of another.
      await passing(100_000);
      await passing(graceMs);
    });
    // Without presence, one end and one beginning.
    expect(writes - 6).toBe(7);
    for (const socket of sockets) {
      expect(cloud.app.of(socket.path, 'joined'), 'told').toEqual([]);
      await ended(socket);
    }
  });

  test('pays nothing more for a socket that is in no group', async () => {
    const costs = await costsOf(async () => ended(await opened('bob', [])));
    expect({ writes: costs.writes, messages: costs.messages }).toEqual({ writes: 4, messages: 0 });
  });
});

test('a grace of 15 minutes, which is as long as SQS delays a message, is waited for and no longer', async () => {
  const socket = await opened('carol', ['long']);
  await cloud.app.hook(socket.path, 'joined');
  await cloud.settled();
  socket.client.send('hello');
  await cloud.app.hook(socket.path, 'message');
  const from = encodeURIComponent(socket.from);
  // Its safety task would be due 90 seconds after the grace, and SQS hands it out before that.
  expect((await cloud.api.call('DELETE', `/groups/long/sockets/${from}`)).status).toBe(204);
  await cloud.settled();
  await passing(graceMs - 10_000);
  expect(cloud.app.of(socket.path, 'left'), 'a moment before').toHaveLength(0);
  await passing(10_000);
  // The two may have met, and then one comes again five seconds later.
  await passing(5_000);
  expect(cloud.app.of(socket.path, 'left'), 'then').toHaveLength(1);
  await passing(100_000);
  expect(cloud.app.of(socket.path, 'left'), 'later').toHaveLength(1);
  await ended(socket);
});
