import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../support/client.ts';
import { actions } from '../../support/recording-app.ts';
import { repeatedCalls } from './repeated-calls.ts';
import { freshPath, type GatewayWorld, type Subject } from './world.ts';

/** What the app sends, from wherever it sends it. */
export function sendingContract(subject: Subject): void {
  describe(`${subject.name}: sending`, () => {
    let world: GatewayWorld;
    beforeAll(async () => {
      // One hook takes as long as a hundred calls.
      world = await subject.start({ HOOK_TIMEOUT_MS: '10000' });
    });
    afterAll(() => world.stop());

    const open = async (path = freshPath(), user?: string) => {
      if (user !== undefined)
        world.app.on(path, ({ fields }) => actions(fields['event'] === 'handshake' ? { user } : {}));
      const known = world.app.of(path, 'handshake').length;
      const client = await connect(world.at(path));
      return { path, client, from: world.app.of(path, 'handshake')[known]?.fields['from'] ?? '' };
    };

    test('a message for two sockets, one of them twice, reaches each once', async () => {
      const [one, two] = [await open(), await open()];
      const answer = await world.api.send([one.from, two.from, one.from], 'hello');
      expect([answer.status, answer.json]).toEqual([200, { delivered: 2, queued: 0, gone: [], failed: [] }]);
      expect([await one.client.next(), await two.client.next()]).toEqual(['hello', 'hello']);
      await world.api.send(one.from, 'only one');
      expect(await one.client.next()).toBe('only one');
      expect(two.client.left).toEqual([]);
    });

    test('sockets that are unknown, closed or malformed are gone, and the others get their message', async () => {
      const [alive, dead] = [await open(), await open()];
      await dead.client.close();
      await world.app.hook(dead.path, 'closed');
      const malformed = ['', 'ä', 'x'.repeat(129), 'a b', '../send'];
      const unknown = 'AAAAAAAAAAAAAAA=';
      const { json } = await world.api.send([...malformed, unknown, dead.from, alive.from], 'hello');
      expect(json).toMatchObject({ delivered: 1, queued: 0, failed: [] });
      expect(new Set(json['gone'] as string[])).toEqual(new Set([...malformed, unknown, dead.from]));
      expect(await alive.client.next()).toBe('hello');
    });

    test('what the app sends from inside the handshake arrives after opening, in order, before anything later', async () => {
      const path = freshPath();
      const watcher = await open();
      let broadcastSeen: string | undefined;
      world.app.on(path, async ({ fields: { event, from = '' } }) => {
        if (event !== 'handshake') return 204;
        for (const body of ['one', 'two', 'three']) {
          expect((await world.api.send(from, body)).json).toMatchObject({ delivered: 0, queued: 1 });
        }
        const { json } = await world.api.broadcast({ body: 'all' });
        expect(json['queued']).toBe(1);
        broadcastSeen = await watcher.client.next();
        return actions({
          reply: 'reply',
          send: [{ sockets: [from], body: 'sent' }],
          broadcast: [{ body: 'later', path }],
        });
      });
      const client = await connect(world.at(path));
      const { from = '' } = (await world.app.hook(path, 'handshake')).fields;
      expect(broadcastSeen).toBe('all');
      await world.api.send(from, 'last');
      const got = await client.take(8);
      expect(got.slice(0, 5)).toEqual(['one', 'two', 'three', 'all', 'reply']);
      expect(new Set(got.slice(5))).toEqual(new Set(['sent', 'later', 'last']));
      await client.close();
    });

    test('an opening socket holds 262,144 bytes, and says so of one more', async () => {
      const path = freshPath();
      const outcomes: unknown[] = [];
      const half = 'x'.repeat(131_072);
      world.app.on(path, async ({ fields: { event, from = '' } }) => {
        if (event !== 'handshake') return 204;
        for (const body of [half, half, 'x']) outcomes.push((await world.api.send(from, body)).json);
        return 204;
      });
      const client = await connect(world.at(path));
      expect(await client.take(2)).toEqual([half, half]);
      const { from } = (await world.app.hook(path, 'handshake')).fields;
      const queued = { delivered: 0, queued: 1, gone: [], failed: [] };
      const failed = { delivered: 0, queued: 0, gone: [], failed: [{ socket: from, code: 'outbox_full' }] };
      expect(outcomes).toEqual([queued, queued, failed]);
      await client.close();
    });

    test('an opening socket holds 100 messages, and says so of one more', async () => {
      const path = freshPath();
      const failed: number[] = [];
      world.app.on(path, async ({ fields: { event, from = '' } }) => {
        if (event !== 'handshake') return 204;
        for (let at = 1; at <= 101; at++) {
          if (((await world.api.send(from, `m${at}`)).json['failed'] as unknown[]).length > 0)
            failed.push(at);
        }
        return 204;
      });
      const client = await connect(world.at(path));
      expect(await client.take(100)).toEqual(Array.from({ length: 100 }, (_, at) => `m${at + 1}`));
      expect(failed).toEqual([101]);
      await client.close();
    });

    test('nothing that was sent to a refused client is told as delivered later', async () => {
      const path = freshPath();
      world.app.on(path, async ({ fields: { from = '' } }) => {
        await world.api.send(from, 'never');
        return 403;
      });
      await expect(connect(world.at(path))).rejects.toThrow('refused with 403');
      const { from = '' } = (await world.app.hook(path, 'handshake')).fields;
      expect((await world.api.send(from, 'x')).json['gone']).toEqual([from]);
    });

    test('a broadcast reaches every socket, the sender included, less those excepted', async () => {
      const [one, two, three] = [await open(), await open(), await open()];
      world.app.on(one.path, ({ fields }) =>
        actions(fields['event'] === 'message' ? { broadcast: [{ body: 'to all', except: [two.from] }] } : {}),
      );
      one.client.send('go');
      expect([await one.client.next(), await three.client.next()]).toEqual(['to all', 'to all']);
      await world.api.send(two.from, 'only two');
      expect(await two.client.next()).toBe('only two');
    });

    test('a broadcast finds the path that a client wrote in another way, and hooks show it as it was written', async () => {
      const room = freshPath();
      const { client, path, from } = await open(`${room}/%63af%c3%a9%2f1`);
      for (const written of [`${room}/café%2F1`, `${room}/caf%C3%A9%2f1`, path]) {
        expect((await world.api.broadcast({ body: written, path: written })).json).toMatchObject({
          delivered: 1,
        });
        expect(await client.next()).toBe(written);
        const { json } = await world.api.call('GET', `/sockets?path=${encodeURIComponent(written)}`);
        expect(json['sockets']).toMatchObject([{ socket: from, path }]);
      }
      expect((await world.api.broadcast({ body: 'no', path: `${room}/café/1` })).json).toMatchObject({
        delivered: 0,
      });
      client.send('m');
      const { fields, url } = await world.app.hook(path, 'message');
      expect([fields['path'], url]).toEqual([path, `/websocket/message${path}`]);
    });

    test('a broadcast to a path or a user reaches only those', async () => {
      const [room, lobby] = [freshPath(), freshPath()];
      const [first, second] = [await open(room, 'alice'), await open(room, 'alice')];
      const [elsewhere, other] = [await open(lobby, 'alice'), await open(freshPath(), 'bob')];
      expect((await world.api.broadcast({ body: 'room', path: room })).json).toMatchObject({ delivered: 2 });
      expect((await world.api.broadcast({ body: 'alice', user: 'alice' })).json).toMatchObject({
        delivered: 3,
      });
      expect((await world.api.broadcast({ body: 'both', user: 'alice', path: lobby })).json).toMatchObject({
        delivered: 1,
      });
      expect((await world.api.broadcast({ body: 'nobody', user: 'carol' })).json).toMatchObject({
        delivered: 0,
      });
      expect(await first.client.take(2)).toEqual(['room', 'alice']);
      expect(await second.client.take(2)).toEqual(['room', 'alice']);
      expect(await elsewhere.client.take(2)).toEqual(['alice', 'both']);
      expect(other.client.left).toEqual([]);
      for (const { client } of [first, second, elsewhere, other]) await client.close();
    });

    test('an app with a single worker, which calls back from inside every hook, never meets a deadlock', async () => {
      const paths = Array.from({ length: 5 }, freshPath);
      let worker = Promise.resolve();
      const dead = await open();
      await dead.client.close();
      const known: string[] = [dead.from];
      for (const path of [...paths, dead.path]) {
        world.app.on(path, async ({ fields: { from = '' } }) => {
          const before = worker;
          let done = (): void => {};
          worker = new Promise((resolve) => {
            done = resolve;
          });
          await before;
          known.push(from);
          await world.api.send(known, 'hello');
          await world.api.broadcast({ body: 'all' });
          if (known.length % 3 === 0) await world.api.call('DELETE', `/sockets/${encodeURIComponent(from)}`);
          done();
          return 204;
        });
      }
      const clients = await Promise.allSettled(paths.map((path) => connect(world.at(path))));
      for (const client of clients) {
        if (client.status !== 'fulfilled') continue;
        client.value.send('m');
        void client.value.close();
      }
      for (const path of paths) await world.app.hook(path, 'closed');
      // Its last broadcasts would reach the clients of the next test.
      await worker;
    });

    test('the sockets that a send would reach are listed, page by page, and one by one', async () => {
      const path = freshPath();
      const opened = [await open(path), await open(path), await open(path)];
      const seen: string[] = [];
      let cursor = '';
      do {
        const { json } = await world.api.call(
          'GET',
          `/sockets?limit=2&path=${encodeURIComponent(path)}${cursor}`,
        );
        for (const { socket } of json['sockets'] as { socket: string }[]) seen.push(socket);
        cursor = json['cursor'] === undefined ? '' : `&cursor=${json['cursor']}`;
      } while (cursor !== '');
      expect(new Set(seen)).toEqual(new Set(opened.map(({ from }) => from)));
      expect(seen).toHaveLength(3);
      const [{ from, client }] = opened as [(typeof opened)[number]];
      const found = await world.api.call('GET', `/sockets/${encodeURIComponent(from)}`);
      expect([found.status, found.json]).toEqual([
        200,
        { socket: from, path, user: '', openedAt: expect.any(Number) },
      ]);
      await client.close();
      await world.app.hook(path, 'closed');
      expect((await world.api.call('GET', `/sockets/${encodeURIComponent(from)}`)).status).toBe(404);
    });

    test('ids are never used again', async () => {
      const path = freshPath();
      for (let at = 0; at < 20; at++) await (await connect(world.at(path))).close();
      expect(new Set(world.app.of(path, 'handshake').map(({ fields }) => fields['from'])).size).toBe(20);
    });

    repeatedCalls(() => world);
  });
}
