import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshPath } from '../contract/gateway/world.ts';
import { beginToConnect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { Cloud, type Opened } from './cloud.ts';
import type { Passage } from './wires.ts';

let cloud: Cloud;

/** The codes that the app was told at a path. */
const told = (path: string): (string | undefined)[] =>
  cloud.app.of(path, 'closed').map(({ fields }) => fields['code']);

/** Keeps writes that end a socket waiting until so many have come, then lets them go at the same moment. */
function starting(count: number): (passage: Passage) => Promise<undefined> {
  let go: () => void = () => {};
  const gone = new Promise<void>((resolve) => {
    go = resolve;
  });
  let waiting = 0;
  return async ({ operation, body }) => {
    if (operation !== 'UpdateItem' || !body.includes(':closing')) return;
    waiting += 1;
    if (waiting === count) go();
    await gone;
  };
}

beforeAll(async () => {
  cloud = await Cloud.start({ PROBE_MINUTES: '5' });
});
afterAll(() => cloud.stop());

describe('$disconnect', () => {
  test('that never comes: a sweep of the next PROBE_MINUTES finds out, and closed is told once with 1006', async () => {
    const socket = await cloud.open();
    await cloud.pass(10_000);
    cloud.gateway.faults.dropDisconnect = 1;
    await socket.client.close();
    await cloud.settled();
    expect(told(socket.path)).toEqual([]);
    await cloud.sweeps(5);
    expect(told(socket.path)).toEqual(['1006']);
    expect(await cloud.items()).toEqual([]);
    await cloud.sweeps(5);
    expect(told(socket.path)).toHaveLength(1);
  });

  test('that comes twice at once is told once, as the client ended it', async () => {
    const { client, path } = await cloud.open();
    cloud.gateway.faults.doubleDisconnect = 1;
    cloud.wires.meddler = { before: starting(2) };
    await client.close(3001, 'bye');
    await cloud.settled();
    cloud.wires.meddler = {};
    expect(told(path)).toEqual(['3001']);
    expect(await cloud.items()).toEqual([]);
  });

  test('that comes again later, or for a socket that nobody knows, does no harm', async () => {
    const events: { requestContext: { connectionId: string } }[] = [];
    const { disconnect } = cloud.handlers;
    cloud.handlers.disconnect = (event) => {
      events.push(structuredClone(event) as (typeof events)[number]);
      return disconnect(event);
    };
    const { client, path } = await cloud.open();
    await client.close();
    await cloud.app.hook(path, 'closed');
    await cloud.settled();
    cloud.handlers.disconnect = disconnect;
    const [event] = events as [(typeof events)[number]];
    const unknown = { requestContext: { ...event.requestContext, connectionId: 'AAAAAAAAAAAAAAA=' } };
    const hooks = cloud.app.hooks.length;
    for (const one of [event, unknown]) expect(await disconnect(one)).toEqual({ statusCode: 200 });
    await cloud.minutes(3);
    expect(cloud.app.hooks).toHaveLength(hooks);
    expect(await cloud.items()).toEqual([]);
  });

  test.for([
    ['accepts', 'no sweep comes', 204, ['1006']],
    ['refuses', 'no sweep comes', 403, []],
    ['accepts', 'a sweep comes', 204, ['1006']],
    ['refuses', 'a sweep comes', 403, []],
  ] as const)('that overtakes $connect: the app %s, %s meanwhile', async ([, swept, status, codes]) => {
    const path = freshPath();
    const order: string[] = [];
    cloud.gateway.faults.earlyDisconnect = 1;
    cloud.app.on(path, async ({ fields: { event = '' } }) => {
      if (event === 'handshake') {
        vanish();
        await eventually("the end was written down, and is nobody's work", async () =>
          (await cloud.items()).some(
            ({ status, leaseUntil }) => status?.S === 'closing' && Number(leaseUntil?.N ?? 0) <= Date.now(),
          ),
        );
        if (swept === 'a sweep comes') await cloud.sweep();
        await cloud.queue.settled();
      }
      order.push(event);
      return event === 'handshake' ? status : 204;
    });
    const vanish = beginToConnect(cloud.at(path));
    await eventually('the app has decided', () => order.includes('handshake'));
    await cloud.settled();
    if (codes.length > 0) await cloud.app.hook(path, 'closed');
    expect(order).toEqual(codes.length > 0 ? ['handshake', 'closed'] : ['handshake']);
    expect(told(path)).toEqual(codes);
    await cloud.minutes(3);
    expect(told(path)).toEqual(codes);
    expect(await cloud.items()).toEqual([]);
  });
});

describe('the end of a socket', () => {
  const rounds = 12;

  test(`that five find at the same moment is told once, in each of ${rounds} rounds`, async () => {
    const sockets: Opened[] = [];
    for (let round = 0; round < rounds; round++) sockets.push(await cloud.open());
    await cloud.pass(10_000);
    const codes = new Set<string | undefined>();
    for (const { client, from, path } of sockets) {
      cloud.gateway.faults.doubleDisconnect = 1;
      cloud.wires.meddler = { before: starting(5) };
      // Twice $disconnect, a send that meets 410, a sweep that asks, and the app that closes it.
      client.ws.terminate();
      await eventually('gone', () => !cloud.gateway.connectionIds.includes(from));
      await Promise.all([
        cloud.api.send(from, 'too late'),
        sweepOf(from),
        cloud.api.call('DELETE', `/sockets/${encodeURIComponent(from)}`),
      ]);
      await cloud.settled();
      cloud.wires.meddler = {};
      expect(told(path)).toHaveLength(1);
      codes.add(told(path)[0]);
    }
    await cloud.minutes(3);
    for (const { path } of sockets) expect(told(path)).toHaveLength(1);
    expect(await cloud.items()).toEqual([]);
    expect([...codes].every((code) => code === '1000' || code === '1006')).toBe(true);
  });

  /** Sweeps of as many minutes as it takes until this socket is asked about. */
  async function sweepOf(from: string): Promise<void> {
    const isAsked = ({ operation, path }: Passage): boolean =>
      operation === 'GET' && path.includes(encodeURIComponent(from));
    for (let minute = 0; minute < 5; minute++) {
      const passages = await cloud.wires.during(() => cloud.sweep(minute));
      if (passages.some(isAsked)) return;
    }
    throw new Error('No sweep asked about it.');
  }
});
