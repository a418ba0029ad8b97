import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ApiAnswer } from '../../support/api.ts';
import { type Client, connect } from '../../support/client.ts';
import { freshPath, type GatewayWorld } from './world.ts';

/** What a call with an `Idempotency-Key` does when it comes again. */
export function repeatedCalls(current: () => GatewayWorld): void {
  describe('a call with an Idempotency-Key', () => {
    const open = async (path = freshPath()): Promise<{ path: string; client: Client; from: string }> => {
      const world = current();
      const client = await connect(world.at(path));
      return { path, client, from: (await world.app.hook(path, 'handshake')).fields['from'] ?? '' };
    };

    /** What a client has got, which is all: what is sent to it now comes last. */
    const received = async ({ client, from }: { client: Client; from: string }): Promise<string[]> => {
      const last = `last of ${from}`;
      await current().api.send(from, last);
      const got: string[] = [];
      for (let body = await client.next(); body !== last; body = await client.next()) got.push(body);
      return got;
    };

    const replayed = ({ headers }: ApiAnswer): string | null => headers.get('idempotency-replayed');

    /** Checks that an answer is the first one again. */
    const isReplay = (again: ApiAnswer, first: ApiAnswer): void => {
      expect([again.status, again.text, replayed(again)]).toEqual([first.status, first.text, 'true']);
      expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
      expect(again.headers.get('x-request-id'), 'the id of the request').not.toBe(
        first.headers.get('x-request-id'),
      );
    };

    test('that is repeated gets the first answer, and each client gets the message once', async () => {
      const { api } = current();
      const [socket, key] = [await open(), randomUUID()];
      const first = await api.send([socket.from, 'nobody'], 'once', key);
      expect([first.status, replayed(first)]).toEqual([200, null]);
      expect(first.json).toEqual({ delivered: 1, queued: 0, gone: ['nobody'], failed: [] });
      for (let time = 0; time < 2; time++)
        isReplay(await api.send([socket.from, 'nobody'], 'once', key), first);
      expect(await received(socket)).toEqual(['once']);
    });

    test('that is a broadcast reaches each socket once, and those that came later not at all', async () => {
      const { api } = current();
      const [path, key] = [freshPath(), randomUUID()];
      const before = await open(path);
      const first = await api.broadcast({ body: 'once', path }, key);
      expect([first.status, replayed(first)]).toEqual([200, null]);
      expect(first.json).toEqual({ delivered: 1, queued: 0, gone: 0, failed: 0 });
      const later = await connect(current().at(path));
      isReplay(await api.broadcast({ body: 'once', path }, key), first);
      expect(await received(before)).toEqual(['once']);
      expect(later.left).toEqual([]);
    });

    test('gets the first answer even if the socket has closed meanwhile', async () => {
      const { api, app } = current();
      const [socket, key] = [await open(), randomUUID()];
      const first = await api.send(socket.from, 'once', key);
      await socket.client.close();
      await app.hook(socket.path, 'closed');
      isReplay(await api.send(socket.from, 'once', key), first);
      expect((await api.send(socket.from, 'once')).json['gone'], 'without the key').toEqual([socket.from]);
    });

    test('puts one message into the queue of a client that is still connecting', async () => {
      const { app, api, at } = current();
      const [path, key] = [freshPath(), randomUUID()];
      const answers: ApiAnswer[] = [];
      app.on(path, async ({ fields: { event, from = '' } }) => {
        if (event === 'handshake')
          for (let time = 0; time < 2; time++) answers.push(await api.send(from, 'welcome', key));
        return 204;
      });
      const client = await connect(at(path));
      const { from = '' } = (await app.hook(path, 'handshake')).fields;
      const [first, again] = answers;
      if (first === undefined || again === undefined) throw new Error('The handshake has sent nothing.');
      expect(first.json['queued']).toBe(1);
      isReplay(again, first);
      expect(await received({ client, from })).toEqual(['welcome']);
    });

    test('is refused with 422 if its body is another, and the first answer stays', async () => {
      const { api } = current();
      const [socket, key] = [await open(), randomUUID()];
      const first = await api.send(socket.from, 'once', key);
      const other = await api.send(socket.from, 'another', key);
      expect([other.status, other.json['code']]).toEqual([422, 'idempotency_key_reused']);
      expect(replayed(other)).toBeNull();
      isReplay(await api.send(socket.from, 'once', key), first);
      expect(await received(socket)).toEqual(['once']);
    });

    test('is another call to /broadcast than to /send', async () => {
      const { api } = current();
      const [socket, key] = [await open(), randomUUID()];
      const sent = await api.send(socket.from, 'sent', key);
      const broadcast = await api.broadcast({ body: 'broadcast', path: socket.path }, key);
      expect([sent.status, replayed(sent)]).toEqual([200, null]);
      expect([broadcast.status, replayed(broadcast)]).toEqual([200, null]);
      expect(await received(socket)).toEqual(['sent', 'broadcast']);
    });

    test('does not hold its key if it was refused', async () => {
      const { api } = current();
      const [socket, key] = [await open(), randomUUID()];
      expect((await api.post('/send', { sockets: socket.from }, key)).status).toBe(400);
      const unauthorized = await api.call('POST', '/send', {
        headers: {
          Authorization: 'Bearer wrong',
          'Idempotency-Key': key,
          'Content-Type': 'application/json',
        },
        body: JSON.stringify({ sockets: socket.from, body: 'stolen' }),
      });
      expect(unauthorized.status).toBe(401);
      const answer = await api.send(socket.from, 'once', key);
      expect([answer.status, replayed(answer)]).toEqual([200, null]);
      expect(await received(socket)).toEqual(['once']);
    });

    test('that comes many times at once is done once, and each caller gets its answer or 409', async () => {
      const { api } = current();
      const [socket, key] = [await open(), randomUUID()];
      const answers = await Promise.all(Array.from({ length: 8 }, () => api.send(socket.from, 'once', key)));
      expect(answers.filter((answer) => answer.status === 200 && replayed(answer) === null)).toHaveLength(1);
      for (const { status, json, headers, text } of answers) {
        if (status === 200) expect(JSON.parse(text)).toMatchObject({ delivered: 1 });
        else {
          expect([status, json['code']]).toEqual([409, 'idempotency_key_in_use']);
          expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
        }
      }
      const first = answers.find((answer) => answer.status === 200 && replayed(answer) === null);
      if (first !== undefined) isReplay(await api.send(socket.from, 'once', key), first);
      expect(await received(socket)).toEqual(['once']);
    });

    test('may have a key of 255 characters, in double quotes or not', async () => {
      const { api } = current();
      const socket = await open();
      const key = `${randomUUID()} ${'k'.repeat(218)}`;
      expect(key).toHaveLength(255);
      const first = await api.send(socket.from, 'once', `"${key}"`);
      expect([first.status, replayed(first)]).toEqual([200, null]);
      isReplay(await api.send(socket.from, 'once', key), first);
      expect(await received(socket)).toEqual(['once']);
    });

    test.for([
      ['256 characters', 'k'.repeat(256)],
      ['nothing between its quotes', '""'],
    ])('is refused with 400 if its key has %s', async ([, key]) => {
      const { api } = current();
      const socket = await open();
      for (const answer of [
        await api.send(socket.from, 'never', key),
        await api.broadcast({ body: 'never', path: socket.path }, key),
      ]) {
        expect([answer.status, answer.json['code']]).toEqual([400, 'invalid_field']);
        expect(answer.json['detail']).toContain('Idempotency-Key');
        expect(answer.json['detail']).toContain('255');
      }
      expect(await received(socket)).toEqual([]);
    });

    test('is like all others if it does nothing that must not be done twice', async () => {
      const { api } = current();
      const key = randomUUID();
      for (const path of ['/a', '/b']) {
        const answer = await api.post('/urls', { path }, key);
        expect([answer.status, replayed(answer)], path).toEqual([200, null]);
      }
      expect((await api.post('/urls', { path: '/a' }, 'k'.repeat(256))).status).toBe(200);
    });
  });
}
