import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshPath } from '../contract/gateway/world.ts';
import { tryConnect } from '../support/client.ts';
import { Cloud, type Opened } from './cloud.ts';
import type { Passage } from './wires.ts';

let cloud: Cloud;

/** The sockets that were asked about. */
const asked = (passages: readonly Passage[]): string[] =>
  passages.filter(({ service, operation }) => service === 'connections' && operation === 'GET').map(idOf);
const idOf = ({ path }: Passage): string => decodeURIComponent(path.split('/').at(-1) ?? '');

const leave = async ({ client, path }: Opened): Promise<void> => {
  await client.close();
  await cloud.app.hook(path, 'closed');
  await cloud.settled();
};

describe('a sweep', () => {
  beforeAll(async () => {
    cloud = await Cloud.start();
  });
  afterAll(() => cloud.stop());

  test('asks in half an hour about every open socket once, and disturbs none that lives', async () => {
    const sockets = [await cloud.open(), await cloud.open(), await cloud.open()];
    await cloud.pass(10_000);
    const passages = await cloud.wires.during(() => cloud.sweeps(30));
    expect(asked(passages).sort()).toEqual(sockets.map(({ from }) => from).sort());
    for (const { client, from } of sockets) {
      await cloud.api.send(from, 'still there');
      expect(await client.next()).toBe('still there');
    }
    expect(cloud.app.hooks.filter(({ fields }) => fields['event'] === 'closed')).toEqual([]);
    await Promise.all(sockets.map(leave));
  });

  test('asks about no socket that was let in less than 10 seconds ago', async () => {
    const socket = await cloud.open();
    await cloud.pass(8_000);
    expect(asked(await cloud.wires.during(() => cloud.sweeps(30)))).toEqual([]);
    await cloud.pass(2_000);
    expect(asked(await cloud.wires.during(() => cloud.sweeps(30)))).toEqual([socket.from]);
    await leave(socket);
  });
});

describe('a sweep that is not to probe', () => {
  beforeAll(async () => {
    cloud = await Cloud.start({ PROBE_MINUTES: '0' });
  });
  afterAll(() => cloud.stop());

  test('asks about nobody', async () => {
    const socket = await cloud.open();
    await cloud.pass(10_000);
    expect(asked(await cloud.wires.during(() => cloud.sweeps(30)))).toEqual([]);
    await leave(socket);
  });

  test.for([
    ['a handshake whose function died', 'opening', 85_000, 5_000],
    ['a socket that is older than any connection', 'open', 7_495_000, 5_000],
  ] as const)(
    'leaves %s alone until it is time, then the app is told 1006',
    async ([, status, until, rest]) => {
      cloud.gateway.faults.dropDisconnect = 1;
      const path = status === 'open' ? (await openAndLeave()).path : await dieInside();
      await cloud.pass(until);
      await cloud.sweep(0);
      await cloud.settled();
      expect(await statuses()).toEqual([status]);
      await cloud.pass(rest);
      await cloud.sweep(0);
      await cloud.settled();
      expect(cloud.app.of(path, 'closed').map(({ fields }) => fields['code'])).toEqual(['1006']);
      expect(await statuses()).toEqual([]);
    },
  );

  const statuses = async () => (await cloud.items()).map(({ status }) => status?.S);

  /** Leaves unnoticed. */
  async function openAndLeave(): Promise<Opened> {
    const socket = await cloud.open();
    await socket.client.close();
    return socket;
  }

  async function dieInside(): Promise<string> {
    cloud.gateway.faults.dropDisconnect = 0;
    const path = freshPath();
    cloud.app.on(path, ({ fields }) => (fields['event'] === 'handshake' ? 'hang' : 204));
    const waiting = tryConnect(cloud.at(path));
    await cloud.app.hook(path, 'handshake');
    await cloud.lambdas.connect.kill();
    expect(await waiting).toMatchObject({ status: 502 });
    return path;
  }
});
