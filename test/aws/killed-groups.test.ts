import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshPath } from '../contract/gateway/world.ts';
import { Client, tryConnect } from '../support/client.ts';
import { actions } from '../support/recording-app.ts';
import { Cloud, type Opened } from './cloud.ts';
import { GroupChecks } from './group-checks.ts';
import { killedAtEveryMoment } from './kill-switch.ts';

let cloud: Cloud;
let groups: GroupChecks;
beforeAll(async () => {
  cloud = await Cloud.start({ PROBE_MINUTES: '1' });
  groups = new GroupChecks(cloud);
});
afterAll(() => cloud.stop());

const slow = { timeout: 60_000 };

describe('a handshake that joins a group, killed at every moment', slow, () => {
  test('leaves nobody in the group but who is in, and a broadcast reaches nobody else', async () => {
    cloud.queue.hold();
    const cases = await killedAtEveryMoment(cloud, 'connect', async () => {
      const path = freshPath();
      cloud.app.on(path, ({ fields: { event } }) =>
        event === 'handshake' ? actions({ join: ['lobby', 'other'], user: 'alice' }) : 204,
      );
      const outcome = await tryConnect(cloud.at(path));
      return { path, client: outcome instanceof Client ? outcome : undefined };
    });
    expect(cases.length).toBeGreaterThanOrEqual(13);
    await cloud.pass(11_000);
    cloud.queue.release();
    // One that was killed when it had accepted is open until a probe finds nobody.
    const open = (await cloud.items()).filter(({ groups: held }) => held !== undefined);
    expect((await groups.listed('lobby')).sort()).toEqual(open.map(({ socket }) => socket?.S).sort());
    await cloud.recover();
    expect(cases.filter(({ result }) => result.client !== undefined)).toHaveLength(1);
    const { client, path = '' } = cases.at(-1)?.result ?? {};
    const survivor = cloud.app.of(path, 'handshake').map(({ fields: { from } }) => from);
    for (const group of ['lobby', 'other']) {
      expect(await groups.listed(group), group).toEqual(survivor);
      expect(await groups.users(group), group).toEqual([{ user: 'alice', sockets: 1 }]);
      expect(await groups.reached(group), group).toBe(1);
    }
    expect(await client?.take(2)).toEqual(['lobby', 'other']);
    await client?.close();
    await cloud.app.hook(path, 'closed');
    await cloud.settled();
    expect(await groups.listed('lobby')).toEqual([]);
    expect(await cloud.items()).toEqual([]);
  });

  test('and refused by the app after it joined by a call, is in no group', async () => {
    const cases = await killedAtEveryMoment(cloud, 'connect', async () => {
      const path = freshPath();
      cloud.app.on(path, async ({ fields: { event, from = '' } }) => {
        if (event !== 'handshake') return 204;
        expect(await groups.call('PUT', 'refused', from)).toBe(204);
        return 403;
      });
      const outcome = await tryConnect(cloud.at(path));
      return outcome instanceof Client ? 101 : outcome.status;
    });
    expect(cases.length).toBeGreaterThanOrEqual(7);
    expect(cases.at(-1)?.result).toBe(403);
    await cloud.pass(11_000);
    await cloud.recover();
    expect(await cloud.items()).toEqual([]);
    expect(await groups.listed('refused')).toEqual([]);
    expect(await groups.reached('refused')).toBe(0);
  });
});

describe('a message whose answer joins and leaves, killed at every moment', slow, () => {
  test('has done both or neither, and what its hooks say is what a broadcast reaches', async () => {
    const cases = await killedAtEveryMoment<Opened>(cloud, 'default', async () => {
      const socket = await cloud.open(({ fields: { event, body } }) => {
        if (event === 'handshake') return actions({ join: ['old'], user: 'alice' });
        return body === 'move' ? actions({ join: ['new'], leave: ['old'] }) : 204;
      });
      socket.client.send('move');
      return socket;
    });
    expect(cases.length).toBeGreaterThanOrEqual(11);
    await cloud.settled();
    // Before any list has deleted the rows that nobody needs.
    const moved = cases.filter(({ victim }) => victim.done.includes('dynamodb UpdateItem')).length;
    expect(await groups.users('old')).toEqual([{ user: 'alice', sockets: cases.length - moved }]);
    expect(await groups.users('new')).toEqual([{ user: 'alice', sockets: moved }]);
    for (const { victim, result } of cases) {
      const isMoved = victim.done.includes('dynamodb UpdateItem');
      const held = await groups.agreed(result, ['old', 'new']);
      expect(held, victim.moment).toEqual(isMoved ? ['new'] : ['old']);
    }
    for (const { result } of cases) await result.client.close();
    await cloud.settled();
    for (const group of ['old', 'new']) expect(await groups.listed(group), group).toEqual([]);
    expect(await cloud.items()).toEqual([]);
  });
});

describe('a call that changes a group, killed at every moment', slow, () => {
  test.for<['PUT' | 'DELETE', string[], string[]]>([
    ['PUT', [], ['room']],
    ['DELETE', ['room'], []],
  ])('%s has done it or not, and does it when it comes again', async ([method, join, wanted]) => {
    const cases = await killedAtEveryMoment<Opened & { readonly status: number }>(
      cloud,
      'groups',
      async () => {
        const socket = await cloud.open(({ fields: { event } }) =>
          event === 'handshake' ? actions({ join }) : 204,
        );
        return { ...socket, status: await groups.call(method, 'room', socket.from) };
      },
    );
    expect(cases.length).toBeGreaterThanOrEqual(7);
    for (const { victim, result } of cases) {
      expect(result.status, victim.moment).toBe(victim.hasDied ? 500 : 204);
      const isDone = victim.done.includes('dynamodb UpdateItem');
      expect(await groups.agreed(result, ['room']), victim.moment).toEqual(isDone ? wanted : join);
      expect(await groups.call(method, 'room', result.from)).toBe(204);
      expect(await groups.agreed(result, ['room']), victim.moment).toEqual(wanted);
    }
    for (const { result } of cases) await result.client.close();
    await cloud.settled();
    expect(await groups.listed('room')).toEqual([]);
    expect(await cloud.items()).toEqual([]);
  });
});

describe('the end of a socket in groups, killed at every moment', slow, () => {
  test.for<['disconnect' | 'tasks', (socket: Opened) => Promise<unknown>]>([
    ['disconnect', ({ client }: Opened) => client.close(3001)],
    ['tasks', ({ from }: Opened) => cloud.api.call('DELETE', `/sockets/${encodeURIComponent(from)}`)],
  ])('in %s: no call lists it once it is closing, and no broadcast reaches it', async ([name, end]) => {
    const join = ['one', 'two'];
    const cases = await killedAtEveryMoment<Opened>(cloud, name, async () => {
      const socket = await cloud.open(({ fields: { event } }) =>
        event === 'handshake' ? actions({ join }) : 204,
      );
      await end(socket);
      return socket;
    });
    expect(cases.length).toBeGreaterThanOrEqual(9);
    await cloud.settled();
    const open = (await cloud.items()).filter(({ status }) => status?.S !== 'closing');
    for (const group of join)
      expect((await groups.listed(group)).sort(), group).toEqual(open.map(({ socket }) => socket?.S).sort());
    await cloud.recover();
    for (const { result } of cases) {
      const [first] = cloud.app.of(result.path, 'closed');
      expect(JSON.parse(first?.fields['groups'] ?? '')).toEqual(join);
    }
    expect(await cloud.items()).toEqual([]);
    for (const group of join) {
      expect(await groups.listed(group), group).toEqual([]);
      expect(await groups.users(group), group).toEqual([]);
      expect(await groups.reached(group), group).toBe(0);
    }
  });
});
