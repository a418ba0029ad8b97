import { describe, expect, test } from 'vitest';
import type { Connections } from '../../../functions/gateway/ports.ts';
import { closeCodes } from '../../../functions/wire/close-codes.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { eventually } from '../../support/eventually.ts';

/** A client that is in, and the port that posts to it. */
export interface OpenConnection {
  readonly connections: Connections;
  readonly socket: SocketId;
  /** The next message that came to the client. */
  next(): Promise<string>;
  readonly closed: Promise<{ readonly code: number }>;
  /** The client closes its connection. */
  leave(): void;
  /** The client's connection breaks off. */
  vanish(): void;
}

/** The connections of clients. */
export function connectionsContract(name: string, open: () => Promise<OpenConnection>): void {
  describe(`${name}: connections`, () => {
    test('posts arrive in their order', async () => {
      const { connections, socket, next, leave } = await open();
      const bodies = Array.from({ length: 50 }, (_, at) => `m${at}`);
      for (const body of bodies) expect(await connections.post(socket, body)).toEqual({ kind: 'posted' });
      for (const body of bodies) expect(await next()).toBe(body);
      leave();
    });

    test.for(['', ' ', '{"sockethook":"ping"}', 'line\nline\0', '\u{10ffff}', '\ufeffbom'])(
      'the text %j arrives as it was',
      async (body) => {
        const { connections, socket, next, leave } = await open();
        expect(await connections.post(socket, body)).toEqual({ kind: 'posted' });
        expect(await next()).toBe(body);
        leave();
      },
    );

    test('131,072 bytes of emoji arrive', async () => {
      const { connections, socket, next, leave } = await open();
      const body = '😀'.repeat(131_072 / 4);
      expect(await connections.post(socket, body)).toEqual({ kind: 'posted' });
      expect((await next()) === body).toBe(true);
      leave();
    });

    test('a post reaches its own client only', async () => {
      const [one, other] = [await open(), await open()];
      await one.connections.post(one.socket, 'for one');
      await other.connections.post(other.socket, 'for the other');
      expect(await other.next()).toBe('for the other');
      expect(await one.next()).toBe('for one');
      one.leave();
      other.leave();
    });

    test('a connection that nobody knows is gone, and ending it is harmless', async () => {
      const { connections, socket, next, leave } = await open();
      const unknown = newSocket();
      expect(await connections.post(unknown, 'x')).toEqual({ kind: 'gone' });
      expect(await connections.has(unknown)).toBe(false);
      expect(await connections.has(socket)).toBe(true);
      await connections.close(unknown);
      await connections.post(socket, 'still here');
      expect(await next()).toBe('still here');
      leave();
    });

    test('a connection that is ended closes with 1000, after what was posted before', async () => {
      const { connections, socket, next, closed } = await open();
      await connections.post(socket, 'last words');
      await connections.close(socket);
      expect(await next()).toBe('last words');
      expect((await closed).code).toBe(1000);
      await connections.close(socket);
    });

    test('a connection that is ended for another reason closes too, with its code where the world allows that', async () => {
      const { connections, socket, next, closed } = await open();
      await connections.post(socket, 'last words');
      await connections.close(socket, closeCodes.overloaded);
      expect(await next()).toBe('last words');
      expect([1000, 1013]).toContain((await closed).code);
    });

    test.for(['end', 'leave', 'vanish'] as const)('nothing is posted after %s', async (how) => {
      const { connections, socket, closed, leave, vanish } = await open();
      if (how === 'end') await connections.close(socket);
      else if (how === 'leave') leave();
      else vanish();
      await closed;
      await eventually('the post fails', async () => (await connections.post(socket, 'x')).kind !== 'posted');
      expect(['gone', 'ending']).toContain((await connections.post(socket, 'x')).kind);
      await eventually('it is gone', async () => (await connections.post(socket, 'x')).kind === 'gone');
      expect(await connections.has(socket)).toBe(false);
      await connections.close(socket);
    });
  });
}
