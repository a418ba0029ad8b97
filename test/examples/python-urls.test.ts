import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parsePathAndQuery } from '../../functions/wire/path.ts';
import { parseUrlKey, verifyTicket } from '../../functions/wire/ticket.ts';
import { appEnvironment } from '../../infra/local/app-environment.ts';
import type { Environment } from '../support/child-app.ts';
import { connect, refused } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';
import { must } from '../wire/must.ts';
import { evaluatePython } from './python.ts';

describe('the module', () => {
  let world: LocalWorld;
  let environment: Environment;

  beforeEach(async () => {
    world = await startLocal();
    environment = appEnvironment(world.gateway, testSecrets);
  });

  afterEach(() => world.stop());

  /** Runs lines of Python beside the gateway, with these variables over those of its app. */
  function evaluate(lines: string, given: unknown = null, over: Environment = {}): Promise<unknown> {
    return evaluatePython(lines, given, { ...environment, ...over });
  }

  const paths: [written: string, path: string, query: string][] = [
    ['', '/', ''],
    ['/', '/', ''],
    ['foo', '/foo', ''],
    ['/foo', '/foo', ''],
    ['/foo/bar?x=1', '/foo/bar', 'x=1'],
    ['foo bar/ b', '/foo%20bar/%20b', ''],
    ['/é/日本/😀', '/%C3%A9/%E6%97%A5%E6%9C%AC/%F0%9F%98%80', ''],
    ['/a%20b%2Fc', '/a%20b%2Fc', ''],
    ['/100%', '/100%25', ''],
    ['/a+b;c=~&"#?q="é#%&r=a+b', '/a+b;c=~&%22%23', 'q=%22%C3%A9%23%&r=a+b'],
  ];

  test.for(['ticket', 'path'])(
    'makes URLs by ?%s= that connect to the path that was asked for',
    async (by) => {
      const over = by === 'ticket' ? {} : { SOCKETHOOK_URL_KEY: '' };
      const lines = 'result = [websocket.create_websocket_url(path) for path in given]';
      const written = paths.map(([path]) => path);
      const urls = (await evaluate(lines, written, over)) as string[];
      for (const [at, [, path, query]] of paths.entries()) {
        expect(urls[at]).toMatch(new RegExp(`^${world.url}/\\?${by}=`));
        world.app.hooks.length = 0;
        await (await connect(urls[at] ?? '')).close();
        const { url, fields } = await world.app.hook(path, 'closed');
        expect(fields).toMatchObject({ path, query, user: '' });
        expect(url).toBe(`/websocket/closed${path}${query && `?${query}`}`);
      }
    },
  );

  test.for([
    ['wss://host.example/rt', 'wss://host.example/rt/?path=%2Froom'],
    ['wss://host.example/rt/', 'wss://host.example/rt/?path=%2Froom'],
    [
      'wss://abc.execute-api.eu-west-1.amazonaws.com/prod',
      'wss://abc.execute-api.eu-west-1.amazonaws.com/prod?path=%2Froom',
    ],
  ])('makes of %s the URL %s', async ([setting, url]) => {
    const over = { SOCKETHOOK_WEBSOCKET_URL: setting, SOCKETHOOK_URL_KEY: '' };
    expect(await evaluate("result = websocket.create_websocket_url('/room')", null, over)).toBe(url);
  });

  test('makes tickets of the user and the time that were asked for', async () => {
    const lines = `
urls = [websocket.create_websocket_url('/x', user='Zoë', expires_in=60),
        websocket.create_websocket_url(user='alice')]
result = [urls, attempt(lambda: websocket.create_websocket_url(user='x' * 257)),
          attempt(lambda: websocket.create_websocket_url(user='a\\nb')),
          attempt(lambda: websocket.create_websocket_url(expires_in=0)),
          attempt(lambda: websocket.create_websocket_url(expires_in=86401)),
          attempt(lambda: websocket.create_websocket_url(expires_in='1'))]`;
    const before = Math.floor(Date.now() / 1000);
    const [urls, ...refusals] = (await evaluate(lines)) as [string[], ...string[]];
    const after = Math.floor(Date.now() / 1000);
    const keys = [must(parseUrlKey(testSecrets.urlKeys[0] ?? ''))];
    const [short, usual] = urls.map((url) => new URL(url).searchParams.get('ticket') ?? '');
    const at = (token = '', seconds: number) => verifyTicket(token, keys, seconds * 1000);
    const value = { path: '/x', query: '', user: 'Zoë', groups: [] };
    expect(await at(short, before + 59)).toEqual({ ok: true, value });
    expect(await at(short, after + 60)).toMatchObject({ ok: false });
    expect(await at(usual, before + 3_599)).toMatchObject({ ok: true, value: { path: '/', user: 'alice' } });
    expect(await at(usual, after + 3_600)).toMatchObject({ ok: false });
    expect(refusals).toEqual([
      'BadArgumentError: a user is at most 256 bytes.',
      'BadArgumentError: a user is printable text.',
      'BadArgumentError: expires_in must be from 1 to 86400 seconds.',
      'BadArgumentError: expires_in must be from 1 to 86400 seconds.',
      'TypeError: expires_in must be a number of seconds.',
    ]);
    const unkeyed = { SOCKETHOOK_URL_KEY: '' };
    expect(
      await evaluate("result = attempt(lambda: websocket.create_websocket_url(user='x'))", null, unkeyed),
    ).toBe('ConfigurationError: SOCKETHOOK_URL_KEY must be set: only a ticket has a user or groups.');
    expect(
      await evaluate("result = attempt(lambda: websocket.create_websocket_url(groups=['g']))", null, unkeyed),
    ).toBe('ConfigurationError: SOCKETHOOK_URL_KEY must be set: only a ticket has a user or groups.');
  });

  test('makes tickets of groups, within the limits of the gateway', async () => {
    const lines = `
most, quarters = ['g%d' % n for n in range(50)], [c * 256 for c in 'abcd']
make = lambda groups: websocket.create_websocket_url('/grouped', groups=groups)
result = [[make(['b/1', '日本', 'b/1']), make(most), make(quarters), make(iter(['g']))],
          [attempt(lambda: make(groups)) for groups in
           (most + ['g50'], quarters + ['e'], ['g' * 257], [''], ['a\\nb'], [7], 'g')]]`;
    const [urls, refusals] = (await evaluate(lines)) as [string[], string[]];
    const keys = [must(parseUrlKey(testSecrets.urlKeys[0] ?? ''))];
    const tickets = urls.map((url) => new URL(url).searchParams.get('ticket') ?? '');
    const read = await Promise.all(tickets.map((ticket) => verifyTicket(ticket, keys, Date.now())));
    const groups = read.map((ticket) => (ticket.ok ? ticket.value.groups : ticket.error));
    expect(groups[0]).toEqual(['b/1', '日本']);
    expect(groups[1]).toHaveLength(50);
    expect(groups[2]).toHaveLength(4);
    expect(groups[3]).toEqual(['g']);
    const together =
      'BadArgumentError: a socket is in at most 50 groups, whose names have at most 1024 bytes together.';
    expect(refusals).toEqual([
      together,
      together,
      'BadArgumentError: a group is at most 256 bytes.',
      'BadArgumentError: a group is printable text, not empty.',
      'BadArgumentError: a group is printable text, not empty.',
      'TypeError: a group must be a str, not int.',
      'TypeError: groups must be a list of names.',
    ]);
  });

  test('escapes and refuses the paths that the gateway does, and no others', async () => {
    const part = fc.oneof(
      fc.constantFrom('/', '.', '..', ';', '%', '%2', '%2f', '%2E', '%5c', '%00', '%ff', '%C3%A9', '?', '#'),
      fc.constantFrom('\\', ' ', '\u0085', '\ud800', '%ED%A0%80', '+', '&', '日', '😀', 'a'.repeat(300)),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    const texts = fc.sample(
      fc.array(part, { maxLength: 6 }).map((parts) => parts.join('')),
      2_000,
    );
    const lines = `
import base64
def read(path):
    try:
        ticket = websocket.create_websocket_url(path).partition('ticket=')[2].split('.')[1]
        return json.loads(base64.urlsafe_b64decode(ticket + '=' * (-len(ticket) % 4)))['path']
    except websocket.BadArgumentError:
        return None
result = [read(path) for path in given]`;
    const ours = texts.map((written) => {
      const parsed = parsePathAndQuery(written);
      if (!parsed.ok) return null;
      const { path, query } = parsed.value;
      return query === '' ? path : `${path}?${query}`;
    });
    const theirs = (await evaluate(lines, texts)) as unknown[];
    const pairs = (made: unknown[]) => texts.map((written, at) => [written, made[at]]);
    expect(pairs(theirs)).toEqual(pairs(ours));
    expect(ours.filter((path) => path === null).length).toBeGreaterThan(200);
    expect(ours.filter((path) => path !== null).length).toBeGreaterThan(200);
    expect(
      await evaluate(
        `result = [attempt(lambda: websocket.create_websocket_url(path)) for path in (None, 5, '/?' + 'x' * 4096)]`,
      ),
    ).toEqual([
      'TypeError: a path must be a str, not NoneType.',
      'TypeError: a path must be a str, not int.',
      'BadArgumentError: the path makes a URL of more than 4096 characters.',
    ]);
  });

  test('what a ticket does not allow is refused', async () => {
    const lines = "result = websocket.create_websocket_url('/x', user='alice')";
    const forged = await evaluate(lines, null, { SOCKETHOOK_URL_KEY: 'x'.repeat(32) });
    expect((await refused(String(forged))).status).toBe(401);
    const client = await connect(`${await evaluate(lines)}&path=%2Fy`);
    await eventually('the hook names what the ticket says', () => world.app.of('/x').length > 0);
    expect(world.app.hooks[0]?.fields).toMatchObject({ path: '/x', user: 'alice' });
    await client.close();
  });
});
