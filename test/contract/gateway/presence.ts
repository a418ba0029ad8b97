import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { actions } from '../../support/recording-app.ts';
import { lettersIn } from './dead-letters.ts';
import { freshGroup, joinByHttp, leaveByHttp } from './group-member.ts';
import { Room } from './presence-room.ts';
import type { GatewayWorld, Subject } from './world.ts';

/** Long enough for a reload on a busy machine, in milliseconds. */
const graceMs = 2_000;

/** Joined and left: who has come to a group, and who has left it for longer than a reload takes. */
export function presenceContract(subject: Subject): void {
  describe.concurrent(`${subject.name}: presence`, () => {
    let world: GatewayWorld;
    beforeAll(async () => {
      world = await subject.start({
        HOOKS: 'handshake,message,closed,joined,left',
        PRESENCE_GRACE_MS: String(graceMs),
      });
    });
    afterAll(() => world.stop());

    test('two tabs of a user are one joined and, after both are gone for the grace, one left', async () => {
      const room = new Room(world);
      const first = await room.enter({ user: 'alice' });
      const joined = await room.expectEvents('alice', ['joined']);
      const second = await room.enter({ user: 'alice' });
      await first.client.close();
      await room.settled();
      expect(room.events('alice'), 'one tab is still open').toEqual(['joined']);
      expect(await room.users()).toEqual([{ user: 'alice', sockets: 1 }]);
      await second.client.close();
      const left = await room.expectEvents('alice', ['joined', 'left']);
      expect([joined.fields['from'], left.fields['from']]).toEqual([first.socket, second.socket]);
      expect([joined.fields['path'], left.fields['path']]).toEqual([first.path, second.path]);
      const { time } = (await world.app.hook(second.path, 'closed')).fields;
      expect(Number(left.fields['time']) - Number(time)).toBeGreaterThanOrEqual(graceMs);
    });

    test('two tabs that open and close at the same moment are one joined and one left', async () => {
      const room = new Room(world);
      const open = () => room.enter({ user: 'alice' });
      const tabs = await Promise.all([open(), open(), open()]);
      await room.expectEvents('alice', ['joined']);
      await room.settled();
      await Promise.all(tabs.map(({ client }) => client.close()));
      await room.expectEvents('alice', ['joined', 'left']);
      await room.settled();
      expect(room.events('alice')).toEqual(['joined', 'left']);
    });

    test('a reload within the grace tells nothing', async () => {
      const room = new Room(world);
      const before = await room.enter({ user: 'alice' });
      await room.expectEvents('alice', ['joined']);
      await before.client.close();
      const after = await room.enter({ user: 'alice' });
      await room.settled();
      expect(room.events('alice')).toEqual(['joined']);
      await after.client.close();
      const left = await room.expectEvents('alice', ['joined', 'left']);
      expect(left.fields['from']).toBe(after.socket);
    });

    test('a user who comes back after the grace is told again, with a higher number', async () => {
      const room = new Room(world);
      for (const events of [
        ['joined', 'left'],
        ['joined', 'left', 'joined', 'left'],
      ]) {
        const { client } = await room.enter({ user: 'alice' });
        await room.expectEvents('alice', events.slice(0, -1));
        await client.close();
        await room.expectEvents('alice', events);
      }
      const numbers = room.told('alice').map(({ fields }) => Number(fields['sequence']));
      expect(new Set(numbers).size).toBe(4);
    });

    test('a join and a leave by an action are told, though the socket stays open', async () => {
      const room = new Room(world);
      const { client, socket, path } = await room.enter({
        user: 'alice',
        handshake: actions({ user: 'alice' }),
      });
      client.send(JSON.stringify({ join: [room.group] }));
      await room.expectEvents('alice', ['joined']);
      client.send(JSON.stringify({ leave: [room.group] }));
      const left = await room.expectEvents('alice', ['joined', 'left']);
      expect(left.fields['from']).toBe(socket);
      expect(world.app.of(path, 'closed')).toEqual([]);
      await client.close();
    });

    test('a join and a leave by HTTP are told', async () => {
      const room = new Room(world);
      const { client, socket } = await room.enter({ handshake: actions({ user: 'alice' }) });
      await joinByHttp(world, room.group, socket);
      await room.expectEvents('alice', ['joined']);
      await leaveByHttp(world, room.group, socket);
      await room.expectEvents('alice', ['joined', 'left']);
      await client.close();
    });

    test('a connection that drops is told as a close is', async () => {
      const room = new Room(world);
      const { client } = await room.enter({ user: 'alice' });
      await room.expectEvents('alice', ['joined']);
      client.ws.terminate();
      await room.expectEvents('alice', ['joined', 'left']);
    });

    test('a socket without a user is a user of its own', async () => {
      const room = new Room(world);
      const [one, two] = [await room.enter(), await room.enter()];
      await room.expectEvents('', ['joined', 'joined']);
      await one.client.close();
      const left = await room.expectEvents('', ['joined', 'joined', 'left']);
      expect(left.fields['from']).toBe(one.socket);
      expect(room.told('').map(({ fields }) => fields['from'])).toEqual([one.socket, two.socket, one.socket]);
      await two.client.close();
    });

    test('the groups of a ticket are joined once the app accepts, and never if it refuses', async () => {
      const room = new Room(world);
      const accepted = { ticket: [room.group], handshake: actions({ user: 'alice' }) };
      const { client } = await room.enter(accepted);
      await room.expectEvents('alice', ['joined']);
      const refused = room.enter({ ...accepted, handshake: 403 });
      await expect(refused).rejects.toThrow('403');
      await room.settled();
      expect(room.told('')).toEqual([]);
      await client.close();
    });

    test('a user is told for each group, and leaves all of them at the end of the socket', async () => {
      const [one, two] = [new Room(world), new Room(world)];
      const join = actions({ user: 'alice', join: [one.group, two.group] });
      const { client } = await one.enter({ handshake: join });
      for (const room of [one, two]) await room.expectEvents('alice', ['joined']);
      await client.close();
      for (const room of [one, two]) await room.expectEvents('alice', ['joined', 'left']);
    });

    test('an answer to joined may broadcast to the group', async () => {
      const group = freshGroup();
      const room = new Room(world, [204, actions({ broadcast: [{ body: 'bob is here', group }] })]);
      const alice = await room.enter({ handshake: actions({ user: 'alice', join: [room.group, group] }) });
      await room.expectEvents('alice', ['joined']);
      const bob = await room.enter({ user: 'bob' });
      expect(await alice.client.next()).toBe('bob is here');
      await bob.client.close();
      await alice.client.close();
    });

    test('an answer to joined that replies is not valid, and the user leaves like all others', async () => {
      const room = new Room(world, [actions({ reply: 'hello' })]);
      const { client, path } = await room.enter({ user: 'alice' });
      await room.expectEvents('alice', ['joined']);
      await client.close();
      await room.expectEvents('alice', ['joined', 'left']);
      expect(client.left).toEqual([]);
      expect(await lettersIn(world, path)).toEqual([]);
    });

    test('a joined that the app is too busy for comes again under its id, and left comes after it', async () => {
      const room = new Room(world, [503, 503]);
      const { client, path } = await room.enter({ user: 'alice' });
      await eventually('three attempts', () => world.app.of(path, 'joined').length === 3);
      const attempts = world.app.of(path, 'joined');
      expect(new Set(attempts.map(({ raw }) => raw)).size).toBe(1);
      expect(new Set(attempts.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
      await client.close();
      await room.expectEvents('alice', ['joined', 'left']);
    });

    test('a joined that the app refuses is a dead letter that replays as it was, and left comes', async () => {
      const room = new Room(world, [422]);
      const { client, path, socket } = await room.enter({ user: 'alice' });
      const joined = await room.expectEvents('alice', ['joined']);
      await eventually('the letter', async () => (await lettersIn(world, path)).length === 1);
      const [letter = {}] = await lettersIn(world, path);
      const { group } = room;
      const sequence = Number(joined.fields['sequence']);
      const written = {
        event: 'joined',
        user: 'alice',
        socket,
        group,
        sequence,
        lastError: 'the app answered 422',
      };
      expect(letter).toMatchObject(written);
      await client.close();
      await room.expectEvents('alice', ['joined', 'left']);
      await world.api.call('POST', `/dead-letters/${letter['deadLetter']}/replay`);
      await eventually('the replay', () => world.app.of(path, 'joined').length === 2);
      const [, again] = world.app.of(path, 'joined');
      expect([again?.raw, again?.headers['webhook-id']]).toEqual([joined.raw, joined.headers['webhook-id']]);
      await eventually('no letter is left', async () => (await lettersIn(world, path)).length === 0);
    });
  });

  describe(`${subject.name}: presence on the wire and as a setting`, () => {
    test.for(['form', 'json'])(
      'a %s hook has its group, its number, and nothing of the client',
      async (format) => {
        const HOOKS = 'handshake,joined,left';
        const world = await subject.start({ HOOKS, PRESENCE_GRACE_MS: '0', WEBHOOK_FORMAT: format });
        const room = new Room(world);
        const handshake = actions({ user: 'alice', join: [room.group], state: 'secret' });
        const { client, socket, path } = await room.enter({ handshake, query: 'group=x&sequence=9' });
        await room.expectEvents('alice', ['joined']);
        await client.close();
        await room.expectEvents('alice', ['joined', 'left']);
        for (const { fields, url, headers } of room.told()) {
          const event = String(fields['event']);
          const nothing = { body: '', query: '', state: '', origin: '', code: '', reason: '' };
          const groups: unknown = format === 'json' ? [] : '[]';
          const told = { event, from: socket, path, user: 'alice', groups, group: room.group };
          const number = expect.stringMatching(/^\d{13}$/);
          expect(fields).toEqual({ ...told, ...nothing, time: number, sequence: number });
          expect(Object.keys(fields).slice(-3)).toEqual(['time', 'group', 'sequence']);
          expect(url).toBe(`/websocket/${event}${path}`);
          expect(headers['webhook-id']).toMatch(new RegExp(`^${event}_[\\w-]{22}-[0-9a-z]+$`));
          expect(headers['websocket-origin']).toBe('');
        }
        await world.stop();
      },
    );

    test.for(['message,joined', 'left'])('no gateway starts with HOOKS=%s', async (HOOKS) => {
      // In the context of CDK the setting has another name.
      const rule = /hooks must name both of joined and left, or none/i;
      await expect(subject.start({ HOOKS })).rejects.toThrow(rule);
    });

    test('without joined and left in HOOKS nothing is told', async () => {
      const world = await subject.start({ PRESENCE_GRACE_MS: '0' });
      const room = new Room(world);
      for (let at = 0; at < 2; at++) {
        const { client, path } = await room.enter({ user: 'alice' });
        client.send(JSON.stringify({ leave: [room.group], reply: 'you have left' }));
        await client.next();
        client.send(JSON.stringify({ join: [room.group], reply: 'you are back' }));
        await client.next();
        await client.close();
        await world.app.hook(path, 'closed');
      }
      const events = new Set(world.app.hooks.map(({ fields }) => fields['event']));
      expect(events).toEqual(new Set(['handshake', 'message', 'closed']));
      await world.stop();
    });
  });
}
