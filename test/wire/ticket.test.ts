import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { parseGroup } from '../../functions/wire/group.ts';
import { escapePath, escapeQuery, parsePath } from '../../functions/wire/path.ts';
import {
  mintTicket,
  parseUrlKey,
  tooManyGroups,
  type UrlKey,
  verifyTicket,
} from '../../functions/wire/ticket.ts';
import { parseUser } from '../../functions/wire/user.ts';
import { must } from './must.ts';

const now = 1_764_000_000_000;
const inAnHour = now / 1000 + 3_600;
const key = urlKey('the first key, 32 bytes or longer');
const newKey = urlKey('the second key, also long enough.');
const longKey = urlKey('x'.repeat(64));
const refused = (error: string) => ({ ok: false, error });
const notLive = refused('no live key has signed the ticket');
const expired = refused('the ticket has expired');
const notYet = refused('the ticket is not valid yet');
const tooLong = refused(
  'the ticket lives too long: "exp" is at most 86400 seconds away, in seconds since 1970',
);
const otherAlgorithm = refused('the ticket is not signed by HS256');
const noJwt = refused('the ticket is not a signed JWT');
const notText = { ok: false, error: 'the claims of the ticket are not text' };

function urlKey(text: string): UrlKey {
  return must(parseUrlKey(text));
}

/** A ticket as any JWT library makes it. */
function jwt(claims: Record<string, unknown>, signedBy: UrlKey = key, alg = 'HS256'): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(signedBy);
}

function mint(path: string, query = '', user = '', signedBy = key): Promise<string> {
  return mintTicket({ path: must(parsePath(path)), query, user, groups: [] }, inAnHour, signedBy);
}

function encoded(json: unknown): string {
  return Buffer.from(JSON.stringify(json)).toString('base64url');
}

test.for(['x'.repeat(32), 'é'.repeat(16), 'x'.repeat(48)])('%j is long enough to be a URL key', (text) => {
  expect(parseUrlKey(text)).toEqual({ ok: true, value: new TextEncoder().encode(text) });
});

test.for(['', 'x'.repeat(31), 'é'.repeat(15)])('%j is too short to be a URL key', (text) => {
  expect(parseUrlKey(text)).toEqual({ ok: false, error: 'a URL key is at least 32 characters' });
});

test('a ticket says where its bearer may connect and as whom', async () => {
  const token = await mint('/foo/a%20b', 'x=1&y=a?b', 'alice');
  const ticket = { path: '/foo/a%20b', query: 'x=1&y=a?b', user: 'alice', groups: [] };
  expect(await verifyTicket(token, [key], now)).toEqual({ ok: true, value: ticket });
});

test('a ticket is a JWT that any library can read', async () => {
  const [header = '', claims = ''] = (await mint('/foo', 'x=1', 'alice')).split('.');
  expect(Buffer.from(header, 'base64url').toString()).toBe('{"alg":"HS256","typ":"JWT"}');
  const read: unknown = JSON.parse(Buffer.from(claims, 'base64url').toString());
  expect(read).toEqual({ path: '/foo?x=1', sub: 'alice', exp: inAnHour });
});

test('a ticket for nobody in particular has no subject', async () => {
  const claims = (await mint('/foo')).split('.')[1] ?? '';
  const read: unknown = JSON.parse(Buffer.from(claims, 'base64url').toString());
  expect(read).toEqual({ path: '/foo', exp: inAnHour });
});

test('whatever is minted is verified as it was', async () => {
  const text = fc.string({ unit: 'binary' });
  const paths = text.map((written) => parsePath(escapePath(written))).filter((path) => path.ok);
  const users = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((user) => parseUser(user).ok);
  const names = fc.string({ unit: 'grapheme', maxLength: 20 }).map(parseGroup);
  const groups = fc.uniqueArray(names, { selector: (name) => (name.ok ? name.value : ''), maxLength: 10 });
  const asked = [paths, text.map(escapeQuery), users, groups] as const;
  const same = fc.asyncProperty(...asked, async (path, query, user, named) => {
    const inGroups = named.flatMap((name) => (name.ok ? [name.value] : []));
    const ticket = { path: must(path), query, user, groups: inGroups };
    const token = await mintTicket(ticket, inAnHour, key);
    expect(await verifyTicket(token, [key], now)).toEqual({ ok: true, value: ticket });
  });
  await fc.assert(same, { numRuns: 300 });
});

test('a ticket holds until the last millisecond before it expires, and no longer', async () => {
  const token = await mint('/foo');
  expect(await verifyTicket(token, [key], inAnHour * 1000 - 1)).toMatchObject({ ok: true });
  for (const late of [0, 1, 59_999, 60_000, 86_400_000])
    expect(await verifyTicket(token, [key], inAnHour * 1000 + late)).toEqual(expired);
});

test('while keys rotate, tickets of the old key and of the new one are good', async () => {
  const [old, young] = [await mint('/old', '', '', key), await mint('/new', '', '', newKey)];
  for (const keys of [[newKey, key] as const, [key, newKey] as const]) {
    expect(await verifyTicket(old, keys, now)).toMatchObject({ ok: true, value: { path: '/old' } });
    expect(await verifyTicket(young, keys, now)).toMatchObject({ ok: true, value: { path: '/new' } });
  }
});

test('a ticket of a key that is not live is refused', async () => {
  const token = await mint('/foo');
  expect(await verifyTicket(token, [newKey], now)).toEqual(notLive);
  expect(await verifyTicket(token, [], now)).toEqual(notLive);
});

test.for([
  ['none', otherAlgorithm],
  ['None', otherAlgorithm],
  ['NONE', otherAlgorithm],
  ['HS256', notLive],
] as const)('a ticket of algorithm %s without a signature is refused', async ([alg, why]) => {
  const token = `${encoded({ alg, typ: 'JWT' })}.${encoded({ path: '/', exp: inAnHour })}.`;
  expect(await verifyTicket(token, [key], now)).toEqual(why);
});

test('a ticket whose algorithm was changed to none is refused, its signature kept', async () => {
  const [, claims, signature] = (await mint('/foo')).split('.');
  const token = `${encoded({ alg: 'none' })}.${claims}.${signature}`;
  expect(await verifyTicket(token, [key], now)).toEqual(otherAlgorithm);
});

test.for(['HS384', 'HS512'])('a ticket signed by %s with the live key is refused', async (alg) => {
  const claims = { path: '/', exp: inAnHour };
  expect(await verifyTicket(await jwt(claims, longKey, alg), [longKey], now)).toEqual(otherAlgorithm);
  expect(await verifyTicket(await jwt(claims, longKey), [longKey], now)).toMatchObject({ ok: true });
});

test('a ticket for one path is not good for another', async () => {
  const [header, , signature] = (await mint('/foo')).split('.');
  const token = `${header}.${encoded({ path: '/admin', exp: inAnHour })}.${signature}`;
  expect(await verifyTicket(token, [key], now)).toEqual(notLive);
});

test.for([
  ['no expiry', { path: '/' }, refused('the ticket has no claim "exp"')],
  ['no path', { exp: inAnHour }, refused('the ticket has no claim "path"')],
  ['nothing', {}, refused('the ticket has no claim "exp"')],
  ['text', { path: '/', exp: String(inAnHour) }, refused('the claim "exp" of the ticket is not a number')],
  ['a null', { path: '/', exp: null }, refused('the claim "exp" of the ticket is not a number')],
  [
    'a text',
    { path: '/', exp: inAnHour, nbf: 'x' },
    refused('the claim "nbf" of the ticket is not a number'),
  ],
  [
    'a text',
    { path: '/', exp: inAnHour, iat: 'x' },
    refused('the claim "iat" of the ticket is not a number'),
  ],
  ['an end in the past', { path: '/', exp: now / 1000 - 1 }, expired],
  ['an end before 1970', { path: '/', exp: -1 }, expired],
  ['an end in milliseconds', { path: '/', exp: now + 3_600_000 }, tooLong],
  ['an end in the year 3000', { path: '/', exp: 32_503_680_000 }, tooLong],
  ['an end that nobody lives to see', { path: '/', exp: 1e300 }, tooLong],
] as const)('a signed ticket with %s is refused: %j', async ([, claims, why]) => {
  expect(await verifyTicket(await jwt(claims), [key], now)).toEqual(why);
});

test('a ticket whose end is beyond every number is refused', async () => {
  const unsigned = `${encoded({ alg: 'HS256' })}.${Buffer.from('{"path":"/","exp":1e999}').toString('base64url')}`;
  const token = `${unsigned}.${createHmac('sha256', key).update(unsigned).digest('base64url')}`;
  expect(await verifyTicket(token, [key], now)).toMatchObject({ ok: false });
});

/** Seconds since 1970. */
const second = now / 1000;

test.for([
  ['an end 86,400 s from now', { exp: second + 86_400 }, undefined],
  ['an end 86,460 s from now, by a clock that is ahead', { exp: second + 86_460 }, undefined],
  ['an end 86,461 s from now', { exp: second + 86_461 }, tooLong],
  ['a life of 86,460 s', { iat: second - 86_400, exp: second + 60 }, undefined],
  ['a life of 86,461 s, of which most is over', { iat: second - 86_400, exp: second + 61 }, tooLong],
  ['a beginning 60 s ahead', { nbf: second + 60, exp: inAnHour }, undefined],
  ['a beginning 61 s ahead', { nbf: second + 61, exp: inAnHour }, notYet],
  ['a birth 60 s ahead', { iat: second + 60, exp: inAnHour }, undefined],
  ['a birth 61 s ahead', { iat: second + 61, exp: inAnHour }, notYet],
  ['a fraction of a second left', { exp: second + 0.5 }, undefined],
] as const)('a signed ticket with %s is %j', async ([, claims, why]) => {
  const came = await verifyTicket(await jwt({ path: '/', ...claims }), [key], now);
  expect(came).toEqual(why ?? { ok: true, value: { path: '/', query: '', user: '', groups: [] } });
});

test('what is wrong with a ticket is told of the key that has signed it, wherever that stands', async () => {
  const token = await jwt({ path: '/', exp: second - 5 }, newKey);
  for (const keys of [[newKey, key] as const, [key, newKey] as const])
    expect(await verifyTicket(token, keys, now)).toEqual(expired);
});

test.for([{ path: 7 }, { path: ['/'] }, { path: null }, { path: '/', sub: 7 }, { path: '/', sub: null }])(
  'a signed ticket whose claims are %j is refused, for they are not text',
  async (claims) => {
    expect(await verifyTicket(await jwt({ exp: inAnHour, ...claims }), [key], now)).toEqual(notText);
  },
);

test.for<[claims: { path: string; sub?: string }, fault: string]>([
  [{ path: '/', sub: 'a'.repeat(257) }, 'a user is at most 256 bytes'],
  [{ path: '/', sub: 'a\nb' }, 'a user is printable text'],
  [{ path: '/', sub: 'a\ud800' }, 'a user is printable text'],
  [{ path: '/../x' }, 'no segment of a path is empty (but the last), "." or ".."'],
  [{ path: '/a\\b' }, 'a path has no control characters and no backslash'],
  [{ path: `/${'a'.repeat(1_024)}` }, 'a path is at most 1024 bytes'],
  [{ path: '/\udc00' }, 'a path is well-formed Unicode'],
])('a signed ticket with the claims %j is refused', async ([claims, error]) => {
  expect(await verifyTicket(await jwt({ exp: inAnHour, ...claims }), [key], now)).toEqual({
    ok: false,
    error,
  });
});

test('a path that another library wrote without escapes gets them', async () => {
  const token = await jwt({ path: 'caf\u00e9/a b?x=a b', sub: 'a'.repeat(256), exp: inAnHour });
  const ticket = { path: '/caf%C3%A9/a%20b', query: 'x=a%20b', user: 'a'.repeat(256), groups: [] };
  expect(await verifyTicket(token, [key], now)).toEqual({ ok: true, value: ticket });
});

const groupTicket = async (groups: unknown) => {
  const came = await verifyTicket(await jwt({ path: '/', exp: inAnHour, groups }), [key], now);
  return came.ok ? came.value.groups : came.error;
};

test('a ticket names the groups that its bearer joins, in their order, and each once', async () => {
  expect(await groupTicket(['room:1', 'room:2'])).toEqual(['room:1', 'room:2']);
  expect(await groupTicket(['b', 'a', 'b'])).toEqual(['b', 'a']);
  expect(await groupTicket([])).toEqual([]);
});

test('a ticket for no group has no such claim', async () => {
  const token = await mintTicket(
    { path: must(parsePath('/')), query: '', user: '', groups: [] },
    inAnHour,
    key,
  );
  const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  expect(claims).toEqual({ path: '/', exp: inAnHour });
});

test('a ticket that another group was written into is refused', async () => {
  const [header, , signature] = (await jwt({ path: '/', exp: inAnHour, groups: ['room:1'] })).split('.');
  const token = `${header}.${encoded({ path: '/', exp: inAnHour, groups: ['admins'] })}.${signature}`;
  expect(await verifyTicket(token, [key], now)).toEqual(notLive);
});

test('a ticket has at most 50 names of groups, even if they repeat', async () => {
  const names = Array.from({ length: 50 }, (_, at) => `g${at}`);
  expect(await groupTicket(names)).toEqual(names);
  expect(await groupTicket([...names.slice(1), 'g1'])).toEqual(names.slice(1));
  expect(await groupTicket([...names, 'g0'])).toBe(tooManyGroups);
  expect(await groupTicket([...names, 'g50'])).toBe(tooManyGroups);
});

test('the groups of a ticket have at most 1,024 bytes together', async () => {
  const names = ['a', 'b', 'c', 'd'].map((name) => name.repeat(256));
  expect(await groupTicket(names)).toEqual(names);
  expect(await groupTicket([...names, 'e'])).toBe(tooManyGroups);
});

const notAList = 'the claim "groups" of the ticket is not a list of texts';

test.for<[groups: unknown, why: string]>([
  ['room:1', notAList],
  [null, notAList],
  [7, notAList],
  [{ 0: 'room:1' }, notAList],
  [['room:1', 7], notAList],
  [['room:1', null], notAList],
  [[['room:1']], notAList],
  [[''], 'the name of a group is not empty'],
  [['a'.repeat(257)], 'the name of a group is at most 256 bytes'],
  [['é'.repeat(129)], 'the name of a group is at most 256 bytes'],
  [['room:1', 'a\nb'], 'the name of a group is printable text'],
  [['a\u0000'], 'the name of a group is printable text'],
  [['\ud800'], 'the name of a group is printable text'],
])('a signed ticket whose groups are %j is refused', async ([groups, why]) => {
  expect(await groupTicket(groups)).toBe(why);
});

test('a ticket of 4,096 characters is read, one of 4,097 is refused', async () => {
  const bytes = Buffer.from((await mint('/', 'x')).split('.')[1] ?? '', 'base64url').length;
  const longest = await mint('/', 'x'.repeat(1 + 3_011 - bytes));
  const longer = await mint('/', 'x'.repeat(1 + 3_012 - bytes));
  expect([longest.length, longer.length]).toEqual([4_096, 4_097]);
  expect(await verifyTicket(longest, [key], now)).toMatchObject({ ok: true });
  expect(await verifyTicket(longer, [key], now)).toEqual({ ok: false, error: 'the ticket is too long' });
});

test.for(['', 'x', '..', 'a.b.c', '{}.{}.{}', 'é.é.é'])('%j is no ticket', async (token) => {
  expect(await verifyTicket(token, [key], now)).toEqual(noJwt);
});
