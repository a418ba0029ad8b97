import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freshPath } from '../contract/gateway/world.ts';
import { tryConnect } from '../support/client.ts';
import { actions } from '../support/recording-app.ts';
import { Cloud, type Opened } from './cloud.ts';
import { GroupChecks } from './group-checks.ts';
import { isForGroups, throttled } from './throttled.ts';
import type { Passage } from './wires.ts';

let cloud: Cloud;
let groups: GroupChecks;
beforeAll(async () => {
  cloud = await Cloud.start({ PROBE_MINUTES: '1' });
  groups = new GroupChecks(cloud);
});
afterEach(() => {
  cloud.wires.meddler = {};
});
afterAll(() => cloud.stop());

const always = Number.POSITIVE_INFINITY;

/** A socket that joins these groups in its handshake. A message that is actions is answered with them. */
const opened = (join: readonly string[] = []): Promise<Opened> =>
  cloud.open(({ fields: { event, body = '' } }) => {
    if (event === 'handshake') return actions({ join });
    return event === 'message' && body.startsWith('{') ? actions(JSON.parse(body)) : 204;
  });

async function asked({ client, path }: Opened, document: object): Promise<void> {
  const text = JSON.stringify(document);
  client.send(text);
  await cloud.app.hook(path, 'message', ({ fields: { body } }) => body === text);
  await cloud.settled();
}

async function ended(...sockets: readonly Opened[]): Promise<void> {
  await Promise.all(sockets.map(({ client }) => client.close()));
  for (const { path } of sockets) await cloud.app.hook(path, 'closed');
  await cloud.settled();
}

const failures = (): unknown[] =>
  cloud.log.filter(({ event }) => event === 'action_failed').map(({ action, code }) => ({ action, code }));

describe('a table of groups that is throttled for a moment', () => {
  test('is not noticed by a socket that joins, moves and ends, nor by who calls', async () => {
    const struck: [string, number][] = [];
    const during = async <Value>(what: string, work: () => Promise<Value>): Promise<Value> => {
      const moment = throttled(cloud.wires, 1, isForGroups);
      const value = await work();
      struck.push([what, moment.struck()]);
      cloud.wires.meddler = {};
      return value;
    };
    const socket = await during('handshake', () => opened(['a']));
    await during('message', () => asked(socket, { join: ['b'], leave: ['a'] }));
    expect(await groups.agreed(socket, ['a', 'b'])).toEqual(['b']);
    expect(await during('PUT', () => groups.call('PUT', 'c', socket.from))).toBe(204);
    expect(await during('DELETE', () => groups.call('DELETE', 'b', socket.from))).toBe(204);
    expect(await during('list', () => groups.listed('c'))).toEqual([socket.from]);
    expect(await during('broadcast', () => groups.reached('c'))).toBe(1);
    expect(await groups.agreed(socket, ['a', 'b', 'c'])).toEqual(['c']);
    await during('end', () => ended(socket));
    expect(struck.map(([what]) => what)).toHaveLength(7);
    for (const [what, times] of struck) expect(times, what).toBe(1);
    expect(failures()).toEqual([]);
    expect(await cloud.memberships()).toEqual([]);
    expect(await cloud.items()).toEqual([]);
  });
});

describe('a write for a group whose answer is lost', () => {
  test.for([
    ['PUT', 'PutItem'],
    ['PUT', 'UpdateItem'],
    ['DELETE', 'UpdateItem'],
    ['DELETE', 'DeleteItem'],
  ] as const)('%s: is repeated, and done once: %s', async ([method, lost]) => {
    const socket = await opened(method === 'PUT' ? [] : ['room']);
    let cut = 0;
    cloud.wires.meddler = {
      after: ({ operation }) => {
        if (operation !== lost || cut > 0) return undefined;
        cut += 1;
        return 'cut';
      },
    };
    expect(await groups.call(method, 'room', socket.from)).toBe(204);
    expect(cut).toBe(1);
    cloud.wires.meddler = {};
    expect(await groups.agreed(socket, ['room'])).toEqual(method === 'PUT' ? ['room'] : []);
    await ended(socket);
    expect(await cloud.memberships()).toEqual([]);
  });
});

describe('a table of groups that is throttled for long', () => {
  test('lets a handshake that joins none in, and refuses one that joins, whose app is told 1006', async () => {
    throttled(cloud.wires, always, isForGroups);
    const socket = await opened();
    const path = freshPath();
    cloud.app.on(path, ({ fields: { event } }) =>
      event === 'handshake' ? actions({ join: ['room'] }) : 204,
    );
    expect(await tryConnect(cloud.at(path))).toMatchObject({ status: 500 });
    cloud.wires.meddler = {};
    await cloud.settled();
    expect(cloud.app.of(path, 'closed').map(({ fields }) => fields['code'])).toEqual(['1006']);
    expect(await groups.listed('room')).toEqual([]);
    await ended(socket);
    expect(await cloud.items()).toEqual([]);
  });

  test('fails a join in an answer, which is logged, and no other action of it', async () => {
    const socket = await opened(['old']);
    const before = failures().length;
    throttled(cloud.wires, always, isForGroups);
    await asked(socket, { join: ['new'], leave: ['old'], reply: 'thanks', state: 's' });
    expect(await socket.client.next()).toBe('thanks');
    expect(failures().slice(before)).toEqual([{ action: 'join', code: 'fault' }]);
    cloud.wires.meddler = {};
    expect(await groups.agreed(socket, ['old', 'new'])).toEqual(['old']);
    await ended(socket);
  });

  test('answers calls with 500, and half a broadcast says that it is one', async () => {
    const socket = await opened(['room']);
    throttled(cloud.wires, always, isForGroups);
    expect(await groups.call('PUT', 'new', socket.from)).toBe(500);
    const { status, json } = await cloud.api.broadcast({ body: 'hello', group: 'room' });
    expect(status).toBe(200);
    expect(json).toEqual({ delivered: 0, queued: 0, gone: 0, failed: 0, unfinished: true });
    cloud.wires.meddler = {};
    expect(await groups.agreed(socket, ['room', 'new'])).toEqual(['room']);
    await ended(socket);
  });

  test('holds up a broadcast in an answer, which reaches the group later', async () => {
    const socket = await opened(['room']);
    throttled(cloud.wires, always, isForGroups);
    await asked(socket, { broadcast: [{ body: 'late', group: 'room' }] });
    cloud.wires.meddler = {};
    expect(socket.client.left).toEqual([]);
    await cloud.pass(360_000);
    await cloud.settled();
    expect(await socket.client.next()).toBe('late');
    await ended(socket);
    expect(socket.client.left).toEqual([]);
  });

  test('holds up no end: it is told once, and what stays of the socket is not listed', async () => {
    const socket = await opened(['ending']);
    throttled(cloud.wires, always, (passage) => isForGroups(passage) && passage.operation === 'DeleteItem');
    await ended(socket);
    expect(cloud.app.of(socket.path, 'closed')).toHaveLength(1);
    expect(await cloud.items()).toEqual([]);
    expect(await cloud.memberships()).toHaveLength(1);
    cloud.wires.meddler = {};
    expect(await groups.listed('ending')).toEqual([]);
    expect(await groups.reached('ending')).toBe(0);
    // Who reads it deletes it.
    expect(await cloud.memberships()).toEqual([]);
  });
});

describe('a record that an earlier version wrote', () => {
  test('is of a socket in no group, which joins and leaves like any other', async () => {
    const socket = await opened();
    await cloud.writtenEarlier();
    expect(await groups.agreed(socket, ['room'])).toEqual([]);
    expect(await groups.call('PUT', 'room', socket.from)).toBe(204);
    expect(await groups.agreed(socket, ['room'])).toEqual(['room']);
    await asked(socket, { leave: ['room'] });
    expect(await groups.agreed(socket, ['room'])).toEqual([]);
    await ended(socket);
    expect(await cloud.memberships()).toEqual([]);
  });

  test('of a socket that is opening takes the groups of its handshake', async () => {
    const path = freshPath();
    cloud.app.on(path, async ({ fields: { event } }) => {
      if (event !== 'handshake') return 204;
      await cloud.writtenEarlier();
      return actions({ join: ['room'] });
    });
    const client = await tryConnect(cloud.at(path));
    const { from = '' } = (await cloud.app.hook(path, 'handshake')).fields;
    if (!('send' in client)) throw new Error('It was refused.');
    expect(await groups.agreed({ client, from, path }, ['room'])).toEqual(['room']);
    await ended({ client, from, path });
  });
});

describe('a refused handshake', () => {
  test('leaves no row, neither of a ticket nor of a join by a call', async () => {
    const path = freshPath();
    const seen: Passage[] = await cloud.wires.during(async () => {
      cloud.app.on(path, async ({ fields: { event, from = '' } }) => {
        if (event === 'handshake') expect(await groups.call('PUT', 'room', from)).toBe(204);
        return 403;
      });
      expect(await tryConnect(cloud.at(path))).toMatchObject({ status: 403 });
      await cloud.settled();
    });
    expect(seen.filter((one) => isForGroups(one)).map(({ operation }) => operation)).toEqual([
      'PutItem',
      'DeleteItem',
    ]);
    expect(await cloud.memberships()).toEqual([]);
    expect(await cloud.items()).toEqual([]);
  });
});
