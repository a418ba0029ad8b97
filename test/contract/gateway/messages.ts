import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../support/client.ts';
import { type Answer, actions } from '../../support/recording-app.ts';
import { freshPath, type GatewayWorld, type Subject } from './world.ts';

/** Why a test of a socket's order is left out. */
export const noOrder = 'API Gateway promises no order of what happens on a socket.';

/** Messages on their way to the app: order, independence, and what the app's answer does to them. */
export function messagesContract(subject: Subject): void {
  describe(`${subject.name}: messages`, () => {
    let world: GatewayWorld;
    beforeAll(async () => {
      world = await subject.start();
    });
    afterAll(() => world.stop());

    test('100 messages sent back to back arrive in order, and closed after them', async ({ skip }) => {
      skip(!subject.keepsOrder, noOrder);
      const path = freshPath();
      world.app.on(path, async () => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
        return 204;
      });
      const client = await connect(world.at(path));
      const bodies = Array.from({ length: 100 }, (_, at) => `m${at}`);
      for (const body of bodies) client.send(body);
      await client.close();
      await world.app.hook(path, 'closed');
      const told = world.app.of(path).map(({ fields }) => fields['body'] || fields['event']);
      expect(told).toEqual(['handshake', ...bodies, 'closed']);
    });

    test('100 messages sent back to back arrive once each', async () => {
      const path = freshPath();
      const client = await connect(world.at(path));
      const bodies = Array.from({ length: 100 }, (_, at) => `m${at}`);
      for (const body of bodies) client.send(body);
      await Promise.all(
        bodies.map((body) => world.app.hook(path, 'message', ({ fields }) => fields['body'] === body)),
      );
      expect(world.app.of(path, 'message')).toHaveLength(100);
      expect(new Set(world.app.of(path, 'message').map(({ headers }) => headers['webhook-id'])).size).toBe(
        100,
      );
      await client.close();
    });

    test('while one socket’s hook hangs, other sockets’ hooks go on', async () => {
      const [stuck, free] = [freshPath(), freshPath()];
      world.app.on(stuck, ({ fields }) => (fields['event'] === 'message' ? 'hang' : 204));
      world.app.on(free, ({ fields }) => actions(fields['event'] === 'message' ? { reply: 'free' } : {}));
      const hanging = await connect(world.at(stuck));
      hanging.send('m');
      await world.app.hook(stuck, 'message');
      const other = await connect(world.at(free));
      other.send('m');
      expect(await other.next()).toBe('free');
      hanging.ws.terminate();
      await other.close();
    });

    test('an empty message is a message', async () => {
      const path = freshPath();
      const client = await connect(world.at(path));
      client.send('');
      expect((await world.app.hook(path, 'message')).fields['body']).toBe('');
      await client.close();
    });

    test.for<[string, Answer]>([
      ['500', 500],
      ['408', 408],
      ['425', 425],
      ['429', 429],
      ['a redirect', { status: 307, headers: { Location: 'http://127.0.0.1:1/' } }],
    ])(
      'a message that the app answers with %s is tried again under the same id, signed anew',
      async ([, answer]) => {
        const path = freshPath();
        const answers: Answer[] = [answer, actions({ reply: 'got it' })];
        world.app.on(path, ({ fields }) => (fields['event'] === 'message' ? (answers.shift() ?? 204) : 204));
        const client = await connect(world.at(path));
        client.send('m');
        expect(await client.next()).toBe('got it');
        const tries = world.app.of(path, 'message');
        expect(tries).toHaveLength(2);
        expect(new Set(tries.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
        expect(tries[1]?.raw).toBe(tries[0]?.raw);
        await client.close();
      },
    );

    test('Retry-After is obeyed', async () => {
      const path = freshPath();
      const times: number[] = [];
      const answers: Answer[] = [{ status: 429, headers: { 'Retry-After': '2' } }];
      world.app.on(path, ({ fields }) => {
        if (fields['event'] !== 'message') return 204;
        times.push(Date.now());
        return answers.shift() ?? actions({ reply: 'done' });
      });
      const client = await connect(world.at(path));
      client.send('m');
      await client.next();
      expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(1_990);
      await client.close();
    });

    test.for<[string, Answer]>([
      ['400', 400],
      ['403', 403],
      ['404', 404],
      ['405', 405],
      ['410', 410],
      ['501', 501],
      ['2xx with actions that can’t be read', actions({ reply: 7 })],
    ])(
      'a message that the app answers with %s is not tried again, and the socket stays open',
      async ([, answer]) => {
        const path = freshPath();
        world.app.on(path, ({ fields }) => {
          if (fields['event'] !== 'message') return 204;
          return fields['body'] === 'bad' ? answer : actions({ reply: 'good' });
        });
        const client = await connect(world.at(path));
        client.send('bad');
        await world.app.hook(path, 'message');
        client.send('good');
        expect(await client.next()).toBe('good');
        expect(world.app.of(path, 'message')).toHaveLength(2);
        await client.close();
      },
    );

    test('an answer of another type is never shown to the client', async () => {
      const path = freshPath();
      world.app.on(path, ({ fields }) => {
        if (fields['body'] === 'last') return actions({ reply: 'last' });
        return { headers: { 'Content-Type': 'application/json' }, body: '{"reply":"leaked"}' };
      });
      const client = await connect(world.at(path));
      client.send('m');
      client.send('last');
      expect(await client.next()).toBe('last');
      await client.close();
    });

    test('an empty answer of the actions type has no actions, and is done', async () => {
      const path = freshPath();
      world.app.on(path, () => ({
        status: 204,
        headers: { 'Content-Type': 'application/vnd.sockethook+json' },
      }));
      const client = await connect(world.at(path));
      client.send('m');
      await client.close();
      await world.app.hook(path, 'closed');
      expect(world.app.of(path, 'message')).toHaveLength(1);
    });

    test('a ping is answered with a pong, and is no hook', async () => {
      const path = freshPath();
      const client = await connect(world.at(path));
      client.send('{"sockethook":"ping"}');
      expect(await client.next()).toBe('{"sockethook":"pong"}');
      client.send('m');
      await world.app.hook(path, 'message');
      await client.close();
      await world.app.hook(path, 'closed');
      expect(world.app.of(path, 'message').map(({ fields }) => fields['body'])).toEqual(['m']);
    });

    test('a message of 131,072 bytes arrives whole, by hook and back', async () => {
      const path = freshPath();
      world.app.on(path, ({ fields }) =>
        actions(fields['event'] === 'message' ? { reply: fields['body'] } : {}),
      );
      const client = await connect(world.at(path));
      const body = '😀'.repeat(32_768);
      client.send(body);
      expect(await client.next()).toBe(body);
      await client.close();
    });

    test('a message of 131,073 bytes closes the socket with 1009 and is no hook', async () => {
      const path = freshPath();
      const client = await connect(world.at(path));
      client.send('x'.repeat(131_073));
      expect((await client.closed).code).toBe(1009);
      expect((await world.app.hook(path, 'closed')).fields['code']).toBe('1009');
      expect(world.app.of(path, 'message')).toHaveLength(0);
    });

    test('a binary frame closes the socket with 1003 and is no hook', async () => {
      const path = freshPath();
      const client = await connect(world.at(path));
      client.send(Buffer.from('x'));
      expect((await client.closed).code).toBe(1003);
      expect((await world.app.hook(path, 'closed')).fields['code']).toBe('1003');
      expect(world.app.of(path, 'message')).toHaveLength(0);
    });
  });
}
