import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, refused } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { type Answer, actions } from '../../support/recording-app.ts';
import { freshPath, type GatewayWorld, type Subject } from './world.ts';

/** Who is let in, what the app is told of them, and what a refused client sees. */
export function handshakeContract(subject: Subject): void {
  describe(`${subject.name}: handshake`, () => {
    let world: GatewayWorld;
    beforeAll(async () => {
      world = await subject.start({ HOOK_TIMEOUT_MS: '2000', FORWARD_HEADERS: 'X-Tenant' });
    });
    afterAll(() => world.stop());

    test.for<[string, Answer, number]>([
      ['401', 401, 401],
      ['403', 403, 403],
      ['404', 404, 404],
      ['405', 405, 405],
      ['408', 408, 408],
      ['418', 418, 418],
      ['425', 425, 425],
      ['429', 429, 429],
      ['501', 501, 502],
      ['a redirect', { status: 302, headers: { Location: 'http://127.0.0.1:1/' } }, 502],
    ])('an app that answers %s refuses, and no closed hook follows', async ([, answer, status]) => {
      const path = freshPath();
      world.app.on(path, () => answer);
      const refusal = await refused(world.at(path));
      expect(refusal.status).toBe(subject.refusesWith ?? status);
      if (subject.tellsRefusals) expect(refusal.headers['content-type']).toBe('application/problem+json');
      // What is told later of another socket comes after what would have been told of this one.
      const other = freshPath();
      await (await connect(world.at(other))).close();
      await world.app.hook(other, 'closed');
      expect(world.app.of(path).map(({ fields }) => fields['event'])).toEqual(['handshake']);
    });

    test.for<[string, Answer, number]>([
      ['500', 500, 502],
      ['503', 503, 502],
      ['nothing in time', 'hang', 504],
      ['2xx with actions that are no JSON', { ...actionsOf('{'), status: 200 }, 502],
      [
        '2xx with actions that are compressed',
        {
          status: 200,
          headers: { ...actionsOf('').headers, 'Content-Encoding': 'gzip' },
          body: '{"reply":"x"}',
        },
        502,
      ],
      ['2xx with an unknown action', actions({ repyl: 'x' }), 502],
      ['2xx with an action for later', actions({ close: true }), 502],
      ['2xx with a subprotocol that was not offered', actions({ subprotocol: 'chat' }), 502],
      ['2xx and more than 1 MiB', { ...actionsOf(`{"reply":"${'x'.repeat(1_048_576)}"}`), status: 200 }, 502],
    ])(
      'an app that answers %s refuses, and since it may have accepted, closed follows with 1006',
      async ([, answer, status]) => {
        const path = freshPath();
        world.app.on(path, ({ fields }) => (fields['event'] === 'handshake' ? answer : 204));
        expect((await refused(world.at(path))).status).toBe(subject.refusesWith ?? status);
        const { fields } = await world.app.hook(path, 'closed');
        expect(fields).toMatchObject({
          code: '1006',
          from: world.app.of(path, 'handshake')[0]?.fields['from'],
        });
      },
    );

    test('an app that hangs up without an answer, or answers garbage, refuses with 502', async () => {
      const path = freshPath();
      world.app.on(path, ({ fields }, response) => {
        if (fields['event'] !== 'handshake') return 204;
        response.socket?.end('this is not HTTP\r\n\r\n');
        return 'hang';
      });
      expect((await refused(world.at(path))).status).toBe(subject.refusesWith ?? 502);
      await world.app.hook(path, 'closed');
    });

    test.for([200, 201, 202, 204, 299])(
      'an app that answers %i lets in, whatever its body says',
      async (status) => {
        const path = freshPath();
        world.app.on(path, () => ({
          status,
          headers: { 'Content-Type': 'text/plain' },
          body: status === 204 ? '' : 'OK',
        }));
        const client = await connect(world.at(path));
        const { from } = (await world.app.hook(path, 'handshake')).fields;
        await world.api.send(from ?? '', 'first');
        expect(await client.next()).toBe('first');
        await client.close();
      },
    );

    test('no message is told before the handshake was accepted', async () => {
      const path = freshPath();
      const order: string[] = [];
      world.app.on(path, async ({ fields }) => {
        order.push(`${fields['event']} begins`);
        await new Promise((resolve) => setTimeout(resolve, 50));
        order.push(`${fields['event']} ends`);
        return 204;
      });
      const client = await connect(world.at(path));
      client.send('m');
      await world.app.hook(path, 'message');
      expect(order.slice(0, 3)).toEqual(['handshake begins', 'handshake ends', 'message begins']);
      await client.close();
    });

    test('the handshake carries the client’s session headers, and the peer’s address as X-Forwarded-For', async () => {
      const path = freshPath();
      world.app.on(path, () => actions({ subprotocol: 'chat' }));
      const headers = {
        Cookie: 'session=1',
        Authorization: 'Basic abc',
        'User-Agent': 'Browser/1',
        'Accept-Language': 'de',
        'X-Tenant': 'acme',
        'X-Other': 'no',
      };
      const client = await connect(world.at(path), { headers, protocols: ['chat', 'v2'] });
      const { headers: seen } = await world.app.hook(path, 'handshake');
      expect(seen).toMatchObject({
        cookie: 'session=1',
        authorization: 'Basic abc',
        'user-agent': 'Browser/1',
        'accept-language': 'de',
        'x-tenant': 'acme',
        'sec-websocket-protocol': 'chat,v2',
        'x-forwarded-for': '127.0.0.1',
      });
      expect(seen['x-other']).toBeUndefined();
      client.ws.terminate();
    });

    test.for([
      ['https://elsewhere.example', false],
      ['null', false],
      ['http://localhost:3000', true],
      ['https://localhost', true],
    ] as const)('a page of %s has its visitor’s cookies passed on: %s', async ([origin, passed]) => {
      const path = freshPath();
      const headers = { Cookie: 'session=1', Authorization: 'Basic abc', Host: 'localhost:8080' };
      const client = await connect(world.at(path), { origin, headers });
      const { headers: seen } = await world.app.hook(path, 'handshake');
      expect([seen.cookie, seen.authorization]).toEqual(
        passed ? ['session=1', 'Basic abc'] : [undefined, undefined],
      );
      expect(seen['websocket-origin']).toBe(origin);
      client.ws.terminate();
    });

    test('headers that a client makes up change nothing that the app sees', async () => {
      const forged = {
        'webhook-id': 'handshake_x',
        'webhook-timestamp': '1',
        'webhook-signature': 'v1,x',
        'websocket-origin': 'https://forged.example',
        'x-forwarded-for': '6.6.6.6',
        'x-http-method-override': 'DELETE',
        'x-original-url': '/admin',
        'x-rewrite-url': '/admin',
        forwarded: 'for=6.6.6.6',
        'content-type': 'text/evil',
      };
      const path = freshPath();
      const client = await connect(world.at(path), { headers: { ...forged, Host: 'forged.example' } });
      const { headers, fields } = await world.app.hook(path, 'handshake');
      for (const [name, value] of Object.entries(forged)) expect(headers[name]).not.toBe(value);
      expect(headers.host).toBe(new URL(world.app.baseUrl).host);
      expect(headers['x-forwarded-for']).toBe('127.0.0.1');
      expect(headers['webhook-id']).toBe(`handshake_${fields['from']}`);
      expect(headers['websocket-origin']).toBe('');
      expect(
        headers['x-http-method-override'] ?? headers['x-original-url'] ?? headers['forwarded'],
      ).toBeUndefined();
      client.ws.terminate();
    });

    test('the app chooses one of the subprotocols that the client offers', async () => {
      const path = freshPath();
      world.app.on(path, ({ fields }) =>
        fields['event'] === 'handshake' ? actions({ subprotocol: 'v2' }) : 204,
      );
      const client = await connect(world.at(path), { protocols: ['chat', 'v2'] });
      expect(client.ws.protocol).toBe('v2');
      await client.close();
    });

    test('the user and the state that the app gives are on every later hook', async () => {
      const path = freshPath();
      world.app.on(path, ({ fields }) =>
        fields['event'] === 'handshake' ? actions({ user: 'alice', state: '{"seat":1}' }) : actions({}),
      );
      const client = await connect(world.at(path));
      client.send('m');
      expect((await world.app.hook(path, 'message')).fields).toMatchObject({
        user: 'alice',
        state: '{"seat":1}',
      });
      await client.close();
      expect((await world.app.hook(path, 'closed')).fields).toMatchObject({
        user: 'alice',
        state: '{"seat":1}',
      });
    });
  });

  const { startMs } = subject;
  const options = startMs === undefined ? {} : { timeout: startMs };
  describe(`${subject.name}: settings of the handshake`, options, () => {
    test('an app that is down refuses with 502, and nothing hangs', async () => {
      const world = await subject.start({ WEBHOOK_BASE_URL: 'http://127.0.0.1:1/websocket' });
      expect((await refused(world.at('/'))).status).toBe(subject.refusesWith ?? 502);
      await world.stop();
    });

    test('without the handshake hook, clients come in unasked, and the others are told', async () => {
      const world = await subject.start({ HOOKS: 'message,closed' });
      const path = freshPath();
      const client = await connect(world.at(path));
      client.send('m');
      await world.app.hook(path, 'message');
      await client.close();
      await world.app.hook(path, 'closed');
      expect(world.app.of(path).map(({ fields }) => fields['event'])).toEqual(['message', 'closed']);
      await world.stop();
    });

    test('without the message and closed hooks only the handshake is told', async () => {
      const world = await subject.start({ HOOKS: 'handshake' });
      const path = freshPath();
      const client = await connect(world.at(path));
      const { from } = (await world.app.hook(path, 'handshake')).fields;
      client.send('m');
      await client.close();
      // API Gateway tells of an end in its own time.
      const isGone = async () => (await world.api.send(from ?? '', 'x')).json['delivered'] === 0;
      await eventually('the socket is gone', isGone);
      expect(world.app.of(path)).toHaveLength(1);
      await world.stop();
    });

    test('allowed origins let in their own pages and programs, and no other page', async () => {
      const world = await subject.start({ ALLOWED_ORIGINS: 'https://a.example,https://b.example' });
      const path = freshPath();
      const refusal = await refused(world.at(path), { origin: 'https://c.example' });
      expect(refusal.status).toBe(403);
      if (subject.tellsRefusals) expect(JSON.parse(refusal.body).code).toBe('origin_refused');
      expect((await refused(world.at(path), { origin: 'null' })).status).toBe(403);
      (
        await connect(world.at(path), { origin: 'https://b.example', headers: { Cookie: 'a=b' } })
      ).ws.terminate();
      expect((await world.app.hook(path, 'handshake')).headers.cookie).toBe('a=b');
      (await connect(world.at(path))).ws.terminate();
      await world.stop();
    });
  });
}

function actionsOf(body: string): { headers: Record<string, string>; body: string } {
  return { headers: { 'Content-Type': 'application/vnd.sockethook+json' }, body };
}
