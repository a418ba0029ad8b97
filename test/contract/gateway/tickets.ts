import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, refused } from '../../support/client.ts';
import { groupsOf } from './group-member.ts';
import { freshPath, type GatewayWorld, type Subject } from './world.ts';

/** Tickets: what they let in, and what they don't. */
export function ticketsContract(subject: Subject): void {
  describe(`${subject.name}: tickets`, () => {
    let world: GatewayWorld;
    beforeAll(async () => {
      world = await subject.start({ REQUIRE_TICKET: 'true' });
    });
    afterAll(() => world.stop());

    const withTicket = (ticket: string): string => `${world.at('/', `ticket=${ticket}`)}`;
    const mint = (
      claims: Record<string, unknown>,
      { key = world.urlKeys[0] ?? '', alg = 'HS256', exp = 60 } = {},
    ) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg })
        .setExpirationTime(Math.floor(Date.now() / 1000) + exp)
        .sign(new TextEncoder().encode(key));

    test('a minted URL connects to its path, with its query, as its user, again and again', async () => {
      const path = freshPath();
      const { status, json } = await world.api.post('/urls', {
        path: `${path}?x=1&y=a b`,
        user: 'alice',
        expiresIn: 60,
      });
      expect(status).toBe(200);
      expect(Number(json['expiresAt']) - Date.now()).toBeLessThanOrEqual(60_000);
      expect(Number(json['expiresAt']) - Date.now()).toBeGreaterThan(50_000);
      for (const _ of [1, 2]) await (await connect(String(json['url']))).close();
      const hooks = world.app.of(path, 'handshake');
      expect(hooks).toHaveLength(2);
      for (const { fields, url } of hooks) {
        expect(fields).toMatchObject({ path, query: 'x=1&y=a%20b', user: 'alice' });
        expect(url).toBe(`/websocket/handshake${path}?x=1&y=a%20b`);
      }
    });

    test.for([
      ['', '/'],
      ['/', '/'],
      ['foo', '/foo'],
      ['/foo', '/foo'],
      ['/a b/é', '/a%20b/%C3%A9'],
      ['/a%20b', '/a%20b'],
      ['100%', '/100%25'],
    ] as const)('a URL for %j connects to %j', async ([asked, path]) => {
      const { json } = await world.api.post('/urls', { path: asked });
      const before = world.app.of(path, 'handshake').length;
      await (await connect(String(json['url']))).close();
      expect(world.app.of(path, 'handshake')).toHaveLength(before + 1);
    });

    test('with a ticket the client’s own path and query are dropped', async () => {
      const path = freshPath();
      const ticket = await mint({ path, sub: 'alice' });
      const url = `${world.at('/other', 'user=eve')}&ticket=${ticket}`;
      await (await connect(url)).close();
      const { fields } = await world.app.hook(path, 'handshake');
      expect(fields).toMatchObject({ path, query: '', user: 'alice' });
    });

    test('a ticket never shows in a hook', async () => {
      const path = freshPath();
      const ticket = await mint({ path });
      const client = await connect(withTicket(ticket));
      client.send('m');
      await client.close();
      await world.app.hook(path, 'closed');
      for (const { raw, url, rawHeaders } of world.app.of(path)) {
        expect(raw + url + rawHeaders.join()).not.toContain(ticket.slice(0, 20));
      }
    });

    test('a ticket of the longest life is good', async () => {
      await (await connect(withTicket(await mint({ path: '/' }, { exp: 86_400 })))).close();
    });

    test.for<[string, readonly string[]]>([
      ['50 groups', Array.from({ length: 50 }, (_, at) => `g${at}`)],
      ['groups of 1,024 bytes', longNames(4)],
      ['no groups', []],
    ])('a ticket with %s is good, and the handshake hook tells them', async ([, groups]) => {
      const path = freshPath();
      await (await connect(withTicket(await mint({ path, groups })))).close();
      expect(groupsOf(await world.app.hook(path, 'handshake'))).toEqual(groups);
    });

    test('a ticket that names a group twice puts its socket there once', async () => {
      const path = freshPath();
      await (await connect(withTicket(await mint({ path, groups: ['a', 'b', 'a'] })))).close();
      expect(groupsOf(await world.app.hook(path, 'closed'))).toEqual(['a', 'b']);
    });

    test('a refusal says what is wrong with a ticket, and nothing of what it holds', async ({ skip }) => {
      if (!subject.tellsRefusals) return skip();
      const ticket = await mint({ path: '/secret-room' }, { exp: -1 });
      const { body } = await refused(withTicket(ticket));
      expect(JSON.parse(body).detail).toBe('The ticket is not valid: the ticket has expired.');
      expect(body).not.toContain('secret-room');
      expect(body).not.toContain(ticket.slice(0, 20));
    });

    test('tickets of each of two live keys are good', async () => {
      for (const key of world.urlKeys)
        await (await connect(withTicket(await mint({ path: '/' }, { key })))).close();
    });

    test('a client without a ticket is refused', async () => {
      const refusal = await refused(world.at(freshPath()));
      expect(refusal.status).toBe(subject.refusesWith ?? 401);
      if (subject.tellsRefusals) expect(JSON.parse(refusal.body).code).toBe('ticket_required');
    });

    test.for<[string, (good: string) => Promise<string> | string]>([
      ['has expired', () => mint({ path: '/' }, { exp: -1 })],
      ['lives for ever', () => mint({ path: '/' }, { exp: 1e11 })],
      ['lives a minute more than a day, and some', () => mint({ path: '/' }, { exp: 86_475 })],
      ['begins later', () => mint({ path: '/', nbf: Math.floor(Date.now() / 1000) + 75 })],
      ['another key signed', () => mint({ path: '/' }, { key: 'another-key-another-key-another-key' })],
      ['is signed by nobody', () => new UnsecuredJWT({ path: '/' }).setExpirationTime('1h').encode()],
      [
        'another algorithm signed',
        () => mint({ path: '/' }, { alg: 'HS512', key: `${world.urlKeys[0]}${'x'.repeat(40)}` }),
      ],
      [
        'the right key signed by another algorithm',
        () => mint({ path: '/' }, { alg: 'HS384', key: `${world.urlKeys[0]}` }).catch(() => 'a.b.c'),
      ],
      ['had its path changed', (good) => tamper(good, { path: '/admin' })],
      ['had its user changed', (good) => tamper(good, { sub: 'admin' })],
      ['names a path that is not allowed', () => mint({ path: '/../admin' })],
      ['has no path', () => mint({})],
      ['names 51 groups', () => mint({ path: '/', groups: Array.from({ length: 51 }, (_, at) => `g${at}`) })],
      ['names groups of 1,025 bytes', () => mint({ path: '/', groups: [...longNames(4), 'x'] })],
      ['names a group of 257 bytes', () => mint({ path: '/', groups: ['x'.repeat(257)] })],
      ['names a group without a name', () => mint({ path: '/', groups: [''] })],
      ['names a group with a line feed', () => mint({ path: '/', groups: ['a\nb'] })],
      ['names its groups as one text', () => mint({ path: '/', groups: 'a' })],
      ['is empty', () => ''],
      ['is garbage', () => 'garbage'],
      ['is two', (good) => `${good}&ticket=${good}`],
    ])('a ticket that %s is refused, and the app is not asked', async ([, make]) => {
      const asked = world.app.hooks.length;
      const refusal = await refused(withTicket(await make(await mint({ path: '/', sub: 'alice' }))));
      expect([400, 401, subject.refusesWith]).toContain(refusal.status);
      if (subject.tellsRefusals) {
        expect(['invalid_ticket', 'invalid_path']).toContain(JSON.parse(refusal.body).code);
      }
      expect(world.app.hooks.slice(asked).filter(({ fields }) => fields['event'] === 'handshake')).toEqual(
        [],
      );
    });
  });
}

/** Different names of 256 bytes. */
function longNames(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${at}`.padEnd(256, 'x'));
}

/** A ticket with other claims under its old signature. */
function tamper(ticket: string, change: Record<string, string>): string {
  const [header = '', payload = '', signature = ''] = ticket.split('.');
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), ...change };
  return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
}
