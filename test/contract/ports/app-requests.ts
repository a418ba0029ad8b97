import { describe, expect, test } from 'vitest';
import { apps, aRequest, type MakeApp, rawAnswer } from './app-world.ts';

const noContent = rawAnswer('HTTP/1.1 204 No Content');

/** A hook on the wire. */
export function requestsContract(name: string, make: MakeApp): void {
  describe(`${name}: a hook on the wire`, () => {
    const start = apps(make);
    const sent = async (given: Parameters<typeof aRequest>[1]): Promise<{ head: string[]; body: string }> => {
      const { app, origin, server } = await start.raw((connection) => connection.write(noContent));
      expect(await app.post(aRequest(origin, given))).toMatchObject({ kind: 'response', status: 204 });
      const [head = '', body = ''] = server.requests[0]?.split('\r\n\r\n') ?? [];
      return { head: head.split('\r\n'), body: Buffer.from(body, 'latin1').toString() };
    };

    test('it is a POST to path and query as they were given', async () => {
      const path = '/websocket/message/caf%C3%A9/a%2Fb?x=%20&x=1&&y';
      const { head } = await sent({ path });
      expect(head[0]).toBe(`POST ${path} HTTP/1.1`);
      expect(head.some((line) => /^host: 127\.0\.0\.1:\d+$/i.test(line))).toBe(true);
    });

    test.for(['', 'x', 'dr😀i\r\n\0', 'ü'.repeat(200_000)])(
      'its length stands in Content-Length, never in chunks (body %#)',
      async (body) => {
        const { head, body: came } = await sent({ body });
        const length = head.filter((line) => /^content-length:/i.test(line));
        expect(length.map((line) => Number(line.split(':')[1]))).toEqual([Buffer.byteLength(body)]);
        expect(head.some((line) => /^transfer-encoding:/i.test(line))).toBe(false);
        if (!body.includes('\r\n\r\n')) expect(came).toBe(body);
      },
    );

    test('its headers keep their order and their case', async () => {
      const headers = {
        'User-Agent': 'Sockethook/0.1',
        'X-One': '1',
        'content-TYPE': 'application/json',
        'WebSocket-Origin': '',
        'webhook-id': 'message_1',
        'a-last': 'a, b; c="d"',
      };
      const { head } = await sent({ headers });
      const ours = head.slice(1).filter((line) => Object.hasOwn(headers, line.split(':')[0] ?? ''));
      const expected = Object.entries(headers).map(([header, value]) => `${header}: ${value}`);
      expect(ours.map((line) => line.trim())).toEqual(expected.map((line) => line.trim()));
    });

    test('it adds nothing that the app could take for the client’s', async () => {
      const { head } = await sent({});
      const names = head.slice(1).map((line) => line.split(':')[0]?.toLowerCase());
      const plain = ['host', 'connection', 'content-length', 'content-type'];
      expect(names.filter((header) => !plain.includes(header ?? ''))).toEqual([]);
    });

    test('a header that can’t stand on the wire is never sent, and breaks nothing', async () => {
      const { app, origin, server } = await start.raw((connection) => connection.write(noContent));
      const headers = { 'X-One': 'a\r\nX-Two: b' };
      expect(await app.post(aRequest(origin, { headers }))).toMatchObject({ kind: 'unreachable' });
      expect(await app.post(aRequest(origin))).toMatchObject({ status: 204 });
      expect(server.requests).toHaveLength(1);
    });
  });
}
