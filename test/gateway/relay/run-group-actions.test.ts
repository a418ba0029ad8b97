import { describe, expect, test } from 'vitest';
import type { Registry } from '../../../functions/gateway/ports.ts';
import type { SocketRecord } from '../../../functions/gateway/record.ts';
import { closed } from '../../../functions/gateway/relay/closed.ts';
import { message } from '../../../functions/gateway/relay/message.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { acting } from '../../fakes/fake-app.ts';
import { type FakeWorld, fakeGateway, type Given } from '../../fakes/fake-gateway.ts';
import { groupNames, groupsNamed } from '../../fakes/group-names.ts';
import { onlyLetter } from '../../fakes/letters.ts';
import { WatchedRegistry } from '../../fakes/watched-registry.ts';

/** A socket in these groups that sends a message, whose answer asks for this. */
async function answered(document: object, groups: readonly string[] = [], given: Given = {}) {
  const world = fakeGateway(given);
  const { socket } = await world.admit();
  await world.registry.changeGroups(socket, { join: groupNames(...groups), leave: [] });
  world.app.answers = [acting(document)];
  const passedOn = await message(world.gateway, { socket, id: 'm1', body: 'hello', time: world.clock.now() });
  return { world, socket, passedOn };
}

/** A world whose registry writes down the changes that it is asked for, in order. */
function watched(calls: string[], fail?: keyof Registry): Given {
  const writes = ['setState', 'changeGroups', 'pages', 'markEnded'];
  return {
    registry: (memory) =>
      new WatchedRegistry(memory, (call) => {
        if (writes.includes(call)) calls.push(call);
        if (call === fail) throw new Error('the table is away');
      }),
  };
}

async function groupsOf({ registry }: FakeWorld, socket: SocketId): Promise<SocketRecord['groups']> {
  return (await registry.get(socket))?.groups ?? [];
}

/** A logged line about an action of the message. */
const failed = (action: string, code: string) => ({
  level: 'warn',
  event: 'action_failed',
  fields: { request: 'message_m1', action, code },
});

describe('an answer to a message that joins or leaves groups', () => {
  test('sets the state first, then joins and leaves in one write, then replies, broadcasts and closes', async () => {
    const calls: string[] = [];
    const world = fakeGateway(watched(calls));
    const { socket } = await world.admit({ groups: groupNames('old') });
    world.connections.script(socket, (_, body) => {
      calls.push(`post ${body}`);
      return { kind: 'posted' };
    });
    const document = {
      close: true,
      broadcast: [{ body: 'to the room', group: 'new' }],
      reply: 'to you',
      leave: ['old'],
      join: ['new'],
      state: 's',
    };
    world.app.answers = [acting(document)];
    await message(world.gateway, { socket, id: 'm1', body: 'hello', time: world.clock.now() });
    const posts = ['post to you', 'pages', 'post to the room'];
    expect(calls).toEqual(['setState', 'changeGroups', ...posts, 'markEnded']);
    expect(await groupsOf(world, socket)).toEqual(['new']);
    expect(world.log.lines).toEqual([]);
  });

  test('leaves a group that it also joins', async () => {
    const { world, socket } = await answered({ join: ['a', 'b'], leave: ['b'] });
    expect(await groupsOf(world, socket)).toEqual(['a']);
  });

  test('does not reach the socket by a broadcast to a group that it leaves', async () => {
    const { world, socket } = await answered({ leave: ['a'], broadcast: [{ body: 'x', group: 'a' }] }, ['a']);
    expect(world.connections.of(socket)).toEqual([]);
  });

  test('moves a socket that is in 50 groups from one to another', async () => {
    const before = groupsNamed('g', 50);
    const { world, socket } = await answered({ leave: ['g0'], join: ['new'] }, before);
    expect(await groupsOf(world, socket)).toEqual([...before.slice(1), 'new']);
    expect(world.log.lines).toEqual([]);
  });

  test('changes nothing if the groups would be too many, which is logged, and its other actions run', async () => {
    const before = groupsNamed('g', 50);
    const { world, socket } = await answered(
      { join: ['one', 'two'], leave: ['g0'], state: 's', reply: 'to you', broadcast: [{ body: 'to all' }] },
      before,
    );
    expect(await groupsOf(world, socket)).toEqual(before);
    expect(world.log.lines).toEqual([failed('join', 'too_many_groups')]);
    expect((await world.registry.get(socket))?.state).toBe('s');
    expect(world.connections.of(socket)).toEqual(['to you', 'to all']);
  });

  test.for([
    { document: { join: ['a'], leave: ['b'] }, action: 'join' },
    { document: { leave: ['b'] }, action: 'leave' },
  ])('is logged as $action if the socket ends while the app answers', async ({ document, action }) => {
    const world = fakeGateway();
    const { socket } = await world.admit();
    world.app.onPost = async () => {
      await world.registry.markEnded(socket, { code: 1000, reason: '', time: world.clock.now() });
    };
    world.app.answers = [acting(document)];
    await message(world.gateway, { socket, id: 'm1', body: 'hello', time: world.clock.now() });
    expect(world.log.lines).toEqual([failed(action, 'gone')]);
    expect(await groupsOf(world, socket)).toEqual([]);
  });

  test.for([
    { document: { join: ['a'] }, action: 'join' },
    { document: { leave: ['a'] }, action: 'leave' },
  ])(
    'is logged as $action if the registry fails, and its other actions run',
    async ({ document, action }) => {
      const world = fakeGateway(watched([], 'changeGroups'));
      const { socket } = await world.admit();
      world.app.answers = [acting({ ...document, reply: 'to you', broadcast: [{ body: 'to all' }] })];
      await message(world.gateway, { socket, id: 'm1', body: 'hello', time: world.clock.now() });
      const fields = { request: 'message_m1', action, code: 'fault', why: 'Error: the table is away' };
      expect(world.log.lines).toEqual([{ level: 'error', event: 'action_failed', fields }]);
      expect(world.connections.of(socket)).toEqual(['to you', 'to all']);
      expect(world.app.requests).toHaveLength(1);
    },
  );

  test.for([
    { what: 'joins 51 groups', document: { join: groupsNamed('g', 51), reply: 'x' } },
    { what: 'leaves 51 groups', document: { leave: groupsNamed('g', 51), reply: 'x' } },
    { what: 'joins a group without a name', document: { join: ['good', ''], reply: 'x' } },
    { what: 'joins one group as a text', document: { join: 'a', reply: 'x' } },
  ])('is not valid if it $what, and nothing of it is done', async ({ document }) => {
    const { world, socket } = await answered(document);
    expect(await groupsOf(world, socket)).toEqual([]);
    expect(world.connections.of(socket)).toEqual([]);
    expect(world.app.requests).toHaveLength(1);
    expect(world.log.lines.map(({ event }) => event)).toEqual(['answer_invalid', 'hook_dead']);
    expect(await onlyLetter(world)).toMatchObject({ hook: { socket }, attempts: 1 });
  });

  test('with empty lists writes nothing', async () => {
    const calls: string[] = [];
    await answered({ join: [], leave: [], reply: 'x' }, [], watched(calls));
    expect(calls).toEqual(['changeGroups']); // That of the test itself.
  });

  test('to a closed hook is not valid, and its socket still ends', async () => {
    const world = fakeGateway();
    const { socket } = await world.admit();
    await world.registry.markEnded(socket, { code: 1000, reason: '', time: world.clock.now() });
    world.app.answers = [acting({ join: ['a'], broadcast: [{ body: 'x' }] })];
    const other = await world.admit();
    await closed(world.gateway, socket);
    expect(await world.registry.get(socket)).toBeUndefined();
    expect(world.connections.of(other.socket)).toEqual([]);
    expect(world.log.lines).toHaveLength(1);
  });
});

describe('where replies travel as the return value of the function, an answer', () => {
  const routed: Given = { settings: { replyBy: 'route' } };

  test('with a reply alone has it returned', async () => {
    const { world, socket, passedOn } = await answered({ reply: 'to you', join: [], leave: [] }, [], routed);
    expect(passedOn).toBe('to you');
    expect(world.connections.of(socket)).toEqual([]);
  });

  test.for([{ join: ['a'] }, { leave: ['a'] }, { join: ['a'], leave: ['b'] }])(
    'that also changes groups (%o) has its reply posted after the change',
    async (change) => {
      const { world, socket, passedOn } = await answered({ reply: 'to you', ...change }, [], routed);
      expect(passedOn).toBeUndefined();
      expect(world.connections.of(socket)).toEqual(['to you']);
      expect(await groupsOf(world, socket)).toEqual(change.join ?? []);
    },
  );
});
