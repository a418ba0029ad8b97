import { posix } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  cut,
  escapePath,
  escapeQuery,
  normalisePath,
  parsePath,
  parsePathAndQuery,
} from '../../functions/wire/path.ts';
import { aPath } from '../fakes/a-record.ts';
import { cpuTime } from '../support/cpu-time.ts';

const rule = {
  start: 'a path begins with "/"',
  size: 'a path is at most 1024 bytes',
  characters: 'a path holds only RFC 3986 path characters and valid escapes',
  utf8: 'the escapes of a path are UTF-8',
  control: 'a path has no control characters and no backslash',
  step: 'no segment of a path is empty (but the last), "." or ".."',
} as const;

const steps = ['/..', '/.', '/../x', '/./x', '/a/../x', '/a/..', '/a/.', '/a/../../x'];
const escapedSteps = ['/%2e%2e/x', '/%2E./x', '/.%2e/x', '/%2e', '/a/..%2fx', '/a%2F..', '/a%2f.%2Fb'];
const stepsWithParameters = [
  '/a/;x/b',
  '/;',
  '/..;/x',
  '/a/.;x/b',
  '/..;',
  '/..;a;b/x',
  '/..%3Bx',
  '/%2e%2e%3b/x',
];
const empties = ['//', '/a//b', '/a//', '//evil.example/x', '/%2f', '/a%2F%2Fb', '/a/%2Fb', '/a%2F/b'];
const controls = ['/%00', '/a%0Ab', '/a%0d%0ab', '/%1f', '/%7F', '/%C2%80', '/%c2%9f'];
const rawControls = ['/a\u0000b', '/a\nb', '/a\tb', '/a\u007fb', '/a\u0085b'];
const brokenEscapes = ['/%zz', '/%', '/%a', '/a%2', '/%%20', '/%u0041', '/%2 e'];
const notUtf8 = ['/%c0%ae', '/%c0%ae%c0%ae/x', '/%e0%80%af', '/%80', '/%bf', '/%C3', '/%C3/', '/%ff'];
const notUnicode = ['/%ed%a0%80', '/%f5%80%80%80'];
const foreign = ['/a?b', '/a#b', '/a b', '/é', '/日本', '/"', '/<a>', '/a|b', '/^', '/`', '/{a}', '/[a]'];

test.for([...steps, ...escapedSteps, ...stepsWithParameters])('the step in %j is refused', (path) => {
  expect(parsePath(path)).toEqual({ ok: false, error: rule.step });
});

test.for(empties)('the empty segment in %j is refused', (path) => {
  expect(parsePath(path)).toEqual({ ok: false, error: rule.step });
});

test.for([...controls, '/a%5c..%5cx', '/%5C'])(
  'the escaped control or backslash in %j is refused',
  (path) => {
    expect(parsePath(path)).toEqual({ ok: false, error: rule.control });
  },
);

test.for([...rawControls, ...brokenEscapes, ...foreign, '/a\\b', '/\\..\\x', '/\ud800'])(
  'the character in %j that no path holds is refused',
  (path) => {
    expect(parsePath(path)).toEqual({ ok: false, error: rule.characters });
  },
);

test.for([...notUtf8, ...notUnicode])('the escapes in %j that are not UTF-8 are refused', (path) => {
  expect(parsePath(path)).toEqual({ ok: false, error: rule.utf8 });
});

test.for(['', 'a', 'http://evil/', '\\', '\\\\evil', '?x', '%2Fa', ' /a', '.', '..'])(
  '%j is refused since it does not begin with a slash',
  (path) => {
    expect(parsePath(path)).toEqual({ ok: false, error: rule.start });
  },
);

test.for([
  ...['/', '/foo', '/foo/', '/foo%2F', '/a%20b%2Fc/%C3%A9', '/%E6%97%A5%e6%9c%ac', '/%F0%9F%98%80'],
  ...["/!$&'()*+,;=:@-._~09azAZ", '/a:b@c', '/a;x=..', '/%3f%23'],
  ...['/...', '/..a', '/a..', '/.a', '/a./b', '/.well-known/x', '/..a;x', '/%252e%252e/x'],
])('%j is accepted as it was written', (path) => {
  expect(parsePath(path)).toEqual({ ok: true, value: path });
});

const fits = [`/${'a'.repeat(1_023)}`, '/a'.repeat(512), `${'/a'.repeat(511)}/~`, `/${'%20'.repeat(341)}`];

test.for(fits)('a path of 1,024 bytes is accepted', (path) => {
  expect(path).toHaveLength(1_024);
  expect(parsePath(path)).toEqual({ ok: true, value: path });
});

test.for(fits.map((path) => `${path}a`))('a path of 1,025 bytes is refused', (path) => {
  expect(path).toHaveLength(1_025);
  expect(parsePath(path)).toEqual({ ok: false, error: rule.size });
});

const dangerous = [
  '.',
  '..',
  '/',
  '/',
  '%2e',
  '%2E',
  '%2f',
  '%5c',
  '\\',
  '%',
  '%25',
  ';',
  '%3B',
  'a',
  '%c0%ae',
];
const harmless = ['%00', '%C3%A9', '?', '#', '@', ':', '//', '%0d', 'b', '%20', '~', '...'];
const crafted = fc
  .array(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...dangerous, ...harmless) }, fc.string()), {
    maxLength: 10,
  })
  .map((pieces) => `/${pieces.join('')}`);

const nearlyPlain = fc
  .array(
    fc.constantFrom('/', '/', 'b', 'Z', '0', '_', '-', '.', '..', '~', '\n', ' ', 'é', '\u017f', '?', '\\'),
  )
  .map((pieces) => pieces.join(''));

test('a path without escapes is accepted or refused as the same path with one', () => {
  const same = fc.property(nearlyPlain, nearlyPlain, (before, after) => {
    const [plain, escaped] = ['a', '%61'].map((letter) => `/${before}${letter}${after}`);
    const { ok, ...rest } = parsePath(escaped!);
    expect(parsePath(plain!)).toEqual(ok ? { ok, value: plain } : { ok, ...rest });
  });
  fc.assert(same, { numRuns: 5_000 });
});

test('a path of 1,024 bytes costs no more than a moment, whatever comes at its end', async () => {
  const ends = ['a', '/', '.', '!', ' ', '%'];
  const { ms } = await cpuTime(() => {
    for (let time = 0; time < 500; time++)
      for (const path of fits) for (const end of ends) parsePath(path.slice(0, -1) + end);
  });
  expect(ms).toBeLessThan(2_000);
});

const base = 'https://app.example/hooks/sockethook';
const home = '/hooks/sockethook/message/';

test('an accepted path never leads out of its hook', () => {
  const stays = fc.property(crafted, (path) => {
    fc.pre(parsePath(path).ok);
    const url = new URL(`${base}/message${path}`);
    expect(url.href).toBe(`${base}/message${path}`);
    expect(url.pathname.startsWith(home)).toBe(true);
    const decoded = decodeURIComponent(url.pathname);
    expect(posix.normalize(decoded).startsWith(home)).toBe(true);
    const withoutParameters = decoded.replace(/;[^/]*/g, '');
    expect(posix.normalize(withoutParameters).startsWith(home)).toBe(true);
  });
  fc.assert(stays, { numRuns: 2_000, maxSkipsPerRun: 1_000 });
});

test('a path of well-formed text is escaped so that it decodes to that text, or is refused in words', () => {
  const clear = fc.property(fc.oneof(crafted, fc.string({ unit: 'binary' })), (text) => {
    const parsed = parsePath(escapePath(text));
    const written = text.startsWith('/') ? text : `/${text}`;
    if (!parsed.ok) expect(Object.values(rule)).toContain(parsed.error);
    else if (text.includes('%')) expect(escapePath(parsed.value)).toBe(parsed.value);
    else expect(decodeURIComponent(parsed.value)).toBe(written);
  });
  fc.assert(clear, { numRuns: 2_000 });
});

const utf16 = fc.array(fc.nat(0xffff), { maxLength: 8 }).map((units) => String.fromCharCode(...units));

test('whatever an app writes as path and query is read or refused, never an exception', () => {
  const clear = fc.property(fc.oneof(utf16, crafted), (text) => {
    const parsed = parsePathAndQuery(text);
    expect(parsed.ok ? parsePath(parsed.value.path).ok : parsed.error.includes('path')).toBe(true);
    expect(parsed.ok ? parsed.value.query : '').toMatch(/^[\x21-\x7e]*$/);
  });
  fc.assert(clear, { numRuns: 2_000 });
});

// escapePath throws a URIError here; only its callers check for well-formed text first.
test('half of a surrogate pair in a path is a clear refusal', () => {
  expect(parsePath(escapePath('/\ud800')).ok).toBe(false);
});

test.for<[written: string, path: string]>([
  ['foo', '/foo'],
  ['/foo/bar', '/foo/bar'],
  ['', '/'],
  ['a b', '/a%20b'],
  ['/a%20b', '/a%20b'],
  ['/100%', '/100%25'],
  ['/%zz', '/%25zz'],
  ['/日本', '/%E6%97%A5%E6%9C%AC'],
  ['/😀', '/%F0%9F%98%80'],
  ['/a?b#c', '/a%3Fb%23c'],
  ['/a\\b', '/a%5Cb'],
  ["/!$&'()*+,;=:@", "/!$&'()*+,;=:@"],
])('an app that writes %j means the path %j', ([written, path]) => {
  expect(escapePath(written)).toBe(path);
});

test.for<[query: string, escaped: string]>([
  ['x=1&y=a/b?c', 'x=1&y=a/b?c'],
  ['x=%20+y', 'x=%20+y'],
  ['x=%&y=%zz', 'x=%&y=%zz'],
  ['x=a b', 'x=a%20b'],
  ['x=é😀', 'x=%C3%A9%F0%9F%98%80'],
  ['x="<>#[]{}|\\^`', 'x=%22%3C%3E%23%5B%5D%7B%7D%7C%5C%5E%60'],
  ['x=\r\n', 'x=%0D%0A'],
])('the query %j is written %j', ([query, escaped]) => {
  expect(escapeQuery(query)).toBe(escaped);
});

test.for<[text: string, path: string, query: string]>([
  ['foo', '/foo', ''],
  ['/foo bar?x=a b', '/foo%20bar', 'x=a%20b'],
  ['/foo?', '/foo', ''],
  ['?x=1', '/', 'x=1'],
  ['/a?b?c=1', '/a', 'b?c=1'],
])('%j is the path %j with the query %j', ([text, path, query]) => {
  expect(parsePathAndQuery(text)).toEqual({ ok: true, value: { path, query } });
});

test.for<[text: string, fault: string]>([
  ['/a\ud800', 'a path is well-formed Unicode'],
  ['/a?x=\udc00', 'a path is well-formed Unicode'],
  ['../x', rule.step],
  ['/a\\..\\b', rule.control],
  ['a\nb', rule.control],
  ['http://evil/', rule.step],
])('%j is refused as path and query', ([text, error]) => {
  expect(parsePathAndQuery(text)).toEqual({ ok: false, error });
});

test.for<[text: string, before: string, after: string]>([
  ['a?b?c', 'a', 'b?c'],
  ['a', 'a', ''],
  ['?', '', ''],
  ['', '', ''],
])('%j is cut at its first mark', ([text, before, after]) => {
  expect(cut(text, '?')).toEqual([before, after]);
});

test.for([
  ['/room/1', '/room/1'],
  ['/caf%c3%a9', '/caf%C3%A9'],
  ['/caf%C3%A9', '/caf%C3%A9'],
  ['/%63%61f%c3%A9', '/caf%C3%A9'],
  ['/%41%5a%61%7A%30%39%2d%2E%5f%7ea', '/AZaz09-._~a'],
  ['/a%2fb', '/a%2Fb'],
  ['/a%20b', '/a%20b'],
  ['/a%40b', '/a%40b'],
  ['/a@b', '/a@b'],
  ['/a%3ab%3B', '/a%3Ab%3B'],
  ['/100%25', '/100%25'],
  ['/%2541', '/%2541'],
  ['/A', '/A'],
])('the path %s is compared as %s', ([path = '', normal]) => {
  expect(normalisePath(aPath(path))).toBe(normal);
  expect(normalisePath(aPath(normal ?? ''))).toBe(normal);
});

test('a path that is normalised is a path still, which decodes to the same', () => {
  const same = fc.property(crafted, (path) => {
    const parsed = parsePath(path);
    fc.pre(parsed.ok);
    if (!parsed.ok) return;
    const normal = normalisePath(parsed.value);
    expect(parsePath(normal)).toEqual({ ok: true, value: normal });
    expect(decodeURIComponent(normal)).toBe(decodeURIComponent(path));
    expect(normalisePath(normal)).toBe(normal);
  });
  fc.assert(same, { numRuns: 2_000 });
});
