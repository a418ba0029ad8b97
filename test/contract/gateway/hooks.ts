import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../support/client.ts';
import { freshGroup, Member } from './group-member.ts';
import { freshPath, type GatewayWorld, type Subject } from './world.ts';

const fieldNames = [
  'event',
  'from',
  'body',
  'path',
  'query',
  'user',
  'state',
  'origin',
  'groups',
  'code',
  'reason',
  'time',
];

/** The hooks as they arrive at the app. */
export function hooksContract(subject: Subject): void {
  describe.each(['form', 'json'])(`${subject.name}: hooks as %s`, (format) => {
    let world: GatewayWorld;
    beforeAll(async () => {
      world = await subject.start({ WEBHOOK_FORMAT: format });
    });
    /** The field `groups` of a socket that is in none. */
    const none: unknown = format === 'json' ? [] : '[]';
    afterAll(() => world.stop());

    test('a socket’s life is told in three hooks, which name it, its path and its query as the client wrote them', async () => {
      const path = '/a%20b%2Fc/%C3%A9';
      const client = await connect(world.at(path, 'x=1&y=2'), { origin: 'https://page.example' });
      client.send('日本 & +\r\n=%');
      await world.app.hook(path, 'message');
      await client.close(4001, '日本\r\nX: y');
      await world.app.hook(path, 'closed');
      const hooks = world.app.of(path);
      const [handshake, message, closed] = hooks;
      expect(hooks.map(({ url }) => url)).toEqual([
        '/websocket/handshake/a%20b%2Fc/%C3%A9?x=1&y=2',
        '/websocket/message/a%20b%2Fc/%C3%A9?x=1&y=2',
        '/websocket/closed/a%20b%2Fc/%C3%A9?x=1&y=2',
      ]);
      const from = handshake?.fields['from'];
      const common = {
        from,
        path,
        query: 'x=1&y=2',
        user: '',
        state: '',
        origin: 'https://page.example',
        groups: none,
      };
      const time = expect.stringMatching(/^\d{13}$/);
      expect(handshake?.fields).toEqual({
        event: 'handshake',
        ...common,
        body: '',
        code: '',
        reason: '',
        time,
      });
      expect(message?.fields).toEqual({
        event: 'message',
        ...common,
        body: '日本 & +\r\n=%',
        code: '',
        reason: '',
        time,
      });
      expect(closed?.fields).toEqual({
        event: 'closed',
        ...common,
        body: '',
        code: '4001',
        reason: '日本\r\nX: y',
        time,
      });
      for (const { fields } of hooks) expect(Object.keys(fields), fields['event']).toEqual(fieldNames);
    });

    test('every hook carries the groups of its socket: a list in JSON, the JSON of one as text in a form', async () => {
      const groups = [freshGroup(), 'a/b & "c" = 日本'];
      const member = await Member.open(world, { ticket: groups.slice(0, 1), handshake: { join: groups } });
      await member.act({ leave: groups.slice(0, 1) });
      await member.act();
      await member.close();
      const asSent = (list: string[]): unknown => (format === 'json' ? list : JSON.stringify(list));
      const sent = world.app
        .of(member.path)
        .map(({ fields }) => ({ event: fields['event'], groups: fields['groups'] }));
      expect(sent).toEqual([
        { event: 'handshake', groups: asSent(groups.slice(0, 1)) },
        { event: 'message', groups: asSent(groups) },
        { event: 'message', groups: asSent(groups.slice(1)) },
        { event: 'closed', groups: asSent(groups.slice(1)) },
      ]);
    });

    test('every hook is a POST with its length, its type and our headers, and nothing is chunked', async () => {
      const path = freshPath();
      const client = await connect(world.at(path), { origin: 'https://page.example' });
      client.send('hello');
      await world.app.hook(path, 'message');
      await client.close();
      await world.app.hook(path, 'closed');
      for (const { method, headers, raw, fields } of world.app.of(path)) {
        expect(method).toBe('POST');
        const type = format === 'json' ? 'application/json' : 'application/x-www-form-urlencoded';
        expect(headers['content-type']).toBe(type);
        expect(headers['content-length']).toBe(String(Buffer.byteLength(raw)));
        expect(headers['transfer-encoding']).toBeUndefined();
        expect(headers['websocket-origin']).toBe('https://page.example');
        expect(headers['user-agent']).toMatch(/^Sockethook\//);
        const derived =
          fields['event'] === 'message' ? /^message_[\w=-]+$/ : `${fields['event']}_${fields['from']}`;
        expect(headers['webhook-id']).toMatch(derived);
        const sent = JSON.stringify(fields);
        const body = format === 'json' ? sent : new URLSearchParams(Object.entries(fields)).toString();
        expect(raw).toBe(body);
      }
    });

    test('a published library verifies every hook under each of two live secrets', async () => {
      const path = freshPath();
      const client = await connect(world.at(path));
      client.send('{"json":"text"}');
      await world.app.hook(path, 'message');
      await client.close();
      await world.app.hook(path, 'closed');
      for (const { headers, raw } of world.app.of(path)) {
        const signed = Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, String(value)]),
        );
        for (const secret of world.webhookSecrets) {
          const webhook = new Webhook(secret);
          const verify = () => webhook.verify(raw, signed);
          if (format === 'json') expect(verify()).toEqual(JSON.parse(raw));
          // The library parses what it has verified as JSON, which a form is not: only that complaint is left.
          else expect(verify).toThrow(SyntaxError);
        }
      }
    });

    test('a closed hook that is replayed at another URL still says in its signed body what it is', async () => {
      const path = freshPath();
      const client = await connect(world.at(path));
      await client.close();
      const { raw } = await world.app.hook(path, 'closed');
      const fields = format === 'json' ? JSON.parse(raw) : Object.fromEntries(new URLSearchParams(raw));
      expect(fields).toMatchObject({ event: 'closed', path });
    });

    test('a client’s query fills no field but query', async () => {
      const path = freshPath();
      const query = 'user=admin&event=x&from=me&state=s&origin=o&groups=admins&code=1';
      const client = await connect(world.at(path, query));
      client.send('m');
      const { fields, url } = await world.app.hook(path, 'message');
      expect(url).toBe(`/websocket/message${path}?${query}`);
      expect(fields).toMatchObject({
        event: 'message',
        user: '',
        state: '',
        origin: '',
        groups: none,
        code: '',
        query,
      });
      expect(fields['from']).not.toBe('me');
      await client.close();
    });
  });
}
