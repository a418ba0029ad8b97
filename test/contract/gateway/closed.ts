import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { beginToConnect, connect, tryConnect } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { type Answer, actions } from '../../support/recording-app.ts';
import { noOrder } from './messages.ts';
import { freshPath, type GatewayWorld, type Subject } from './world.ts';

/** The closed hook: once, whatever ended the socket. */
export function closedContract(subject: Subject): void {
  describe(`${subject.name}: closed`, () => {
    let world: GatewayWorld;
    beforeAll(async () => {
      world = await subject.start({ HOOK_TIMEOUT_MS: '1000' });
    });
    afterAll(async () => {
      await world.stop();
      for (const path of new Set(world.app.hooks.map(({ fields }) => fields['path'] ?? ''))) {
        if (expectedOnce.has(path)) expect([path, world.app.of(path, 'closed').length]).toEqual([path, 1]);
      }
    });
    /** Paths whose only socket must have been told closed exactly once when all is over. */
    const expectedOnce = new Set<string>();
    const once = (): string => {
      const path = freshPath();
      expectedOnce.add(path);
      return path;
    };

    test('a client that closes with a code and a reason', async () => {
      const path = once();
      const client = await connect(world.at(path));
      await client.close(3001, 'bye');
      expect((await world.app.hook(path, 'closed')).fields).toMatchObject({ code: '3001', reason: 'bye' });
    });

    test('a client that closes without a code is told as 1005', async () => {
      const path = once();
      const client = await connect(world.at(path));
      client.ws.close();
      expect((await world.app.hook(path, 'closed')).fields).toMatchObject({ code: '1005' });
    });

    test('a client whose connection drops is told as 1006', async () => {
      const path = once();
      const client = await connect(world.at(path));
      client.ws.terminate();
      expect((await world.app.hook(path, 'closed')).fields).toMatchObject({ code: '1006', reason: '' });
    });

    test('DELETE of a socket ends it with 1000', async () => {
      const path = once();
      const client = await connect(world.at(path));
      const { from = '' } = (await world.app.hook(path, 'handshake')).fields;
      const call = `/sockets/${encodeURIComponent(from)}`;
      expect((await world.api.call('DELETE', call)).status).toBe(204);
      expect((await world.api.call('DELETE', call)).status).toBe(404);
      expect((await client.closed).code).toBe(1000);
      expect((await world.app.hook(path, 'closed')).fields).toMatchObject({ from, code: '1000' });
    });

    /** A client that says three things to an app that answers each with a reply and the end. */
    const sendOn = async (path: string) => {
      world.app.on(path, ({ fields }) =>
        fields['event'] === 'message' ? actions({ reply: 'bye', close: true }) : actions({}),
      );
      const client = await connect(world.at(path));
      for (const body of ['m1', 'm2', 'm3']) client.send(body);
      return client;
    };

    test('the close action ends the socket after the reply', async () => {
      const path = once();
      const client = await sendOn(path);
      expect(await client.next()).toBe('bye');
      expect((await client.closed).code).toBe(1000);
      expect((await world.app.hook(path, 'closed')).fields).toMatchObject({ code: '1000' });
    });

    test('what a client sent after the message that ended its socket is dropped', async ({ skip }) => {
      skip(!subject.keepsOrder, noOrder);
      const path = once();
      const client = await sendOn(path);
      await world.app.hook(path, 'closed');
      expect(world.app.of(path, 'message')).toHaveLength(1);
      expect(await client.take(1)).toEqual(['bye']);
      expect(client.left).toEqual([]);
    });

    test('messages that came before the client closed are told before closed', async ({ skip }) => {
      skip(!subject.keepsOrder, noOrder);
      const path = once();
      const client = await connect(world.at(path));
      for (const body of ['m1', 'm2', 'm3']) client.send(body);
      await client.close();
      await world.app.hook(path, 'closed');
      const told = world.app.of(path).map(({ fields }) => fields['body'] || fields['event']);
      expect(told).toEqual(['handshake', 'm1', 'm2', 'm3', 'closed']);
    });

    test('a message that the app still has when its client goes, and the end, are told once each', async () => {
      const path = once();
      let answer: (answer: Answer) => void = () => {};
      const answered = new Promise<Answer>((resolve) => {
        answer = resolve;
      });
      world.app.on(path, ({ fields }) => (fields['event'] === 'message' ? answered : 204));
      const client = await connect(world.at(path));
      client.send('m');
      await world.app.hook(path, 'message');
      await client.close(3001, 'bye');
      answer(204);
      await world.app.hook(path, 'closed');
      expect(world.app.of(path, 'message').map(({ fields }) => fields['body'])).toEqual(['m']);
      expect(world.app.of(path, 'closed')).toHaveLength(1);
    });

    test('a client that vanishes while its handshake waits is told as 1006 once the app has accepted', async () => {
      const path = once();
      let accept: (answer: Answer) => void = () => {};
      const accepted = new Promise<Answer>((resolve) => {
        accept = resolve;
      });
      world.app.on(path, ({ fields }) => (fields['event'] === 'handshake' ? accepted : 204));
      const vanish = beginToConnect(world.at(path));
      await world.app.hook(path, 'handshake');
      vanish();
      accept(204);
      expect((await world.app.hook(path, 'closed')).fields).toMatchObject({ code: '1006' });
    });

    test('a handshake that the app accepts too late is told as 1006', async () => {
      const path = once();
      world.app.on(path, async ({ fields }) => {
        if (fields['event'] === 'handshake') await world.app.hook(path, 'closed');
        return 204;
      });
      expect(await tryConnect(world.at(path))).toMatchObject({ status: subject.refusesWith ?? 504 });
      expect((await world.app.hook(path, 'closed')).fields).toMatchObject({ code: '1006' });
    });

    test('a closed hook that fails is tried again under the same id', async () => {
      const path = freshPath();
      const answers: Answer[] = [500, 429];
      world.app.on(path, ({ fields }) => (fields['event'] === 'closed' ? (answers.shift() ?? 204) : 204));
      await (await connect(world.at(path))).close();
      await eventually('three tries', () => world.app.of(path, 'closed').length === 3);
      const ids = new Set(world.app.of(path, 'closed').map(({ headers }) => headers['webhook-id']));
      expect([...ids]).toEqual([`closed_${world.app.of(path)[0]?.fields['from']}`]);
    });

    test.for([400, 404, 405, 501])('a closed hook that is answered %i is not tried again', async (status) => {
      const path = once();
      world.app.on(path, ({ fields }) => (fields['event'] === 'closed' ? status : 204));
      const client = await connect(world.at(path));
      const { from = '' } = (await world.app.hook(path, 'handshake')).fields;
      await client.close();
      await world.app.hook(path, 'closed');
      expect((await world.api.send(from, 'x')).json['gone']).toEqual([from]);
    });

    test('the answer to a closed hook may send and broadcast', async () => {
      const [path, other] = [once(), freshPath()];
      world.app.on(path, ({ fields }) =>
        fields['event'] === 'closed'
          ? actions({ broadcast: [{ body: 'someone left', path: other }] })
          : actions({}),
      );
      const stays = await connect(world.at(other));
      await (await connect(world.at(path))).close();
      expect(await stays.next()).toBe('someone left');
      await stays.close();
    });
  });
}
