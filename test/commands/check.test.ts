import { mkdtemp, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { expressHooks, nodeHooks, refuse } from '../../sdk/index.ts';
import { firstSecret } from '../examples/signed.ts';
import { ChildApp } from '../support/child-app.ts';
import { freePort } from '../support/free-port.ts';
import { CommandLine, type Ran } from './command.ts';
import { listen, type Mistakes, SampleApp } from './sample-app.ts';

let line: CommandLine;
let folder: string;
beforeAll(async () => {
  line = await CommandLine.build();
  folder = await mkdtemp(join(tmpdir(), 'sockethook-check-'));
});
afterAll(() => rm(folder, { recursive: true }));

const running: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

const environment = { SOCKETHOOK_WEBHOOK_SECRET: firstSecret };

async function serve(listener: RequestListener): Promise<string> {
  const { baseUrl, stop } = await listen(listener);
  running.push(stop);
  return baseUrl;
}

async function sample(mistakes: Mistakes): Promise<{ app: SampleApp; baseUrl: string }> {
  const app = new SampleApp(firstSecret, mistakes);
  return { app, baseUrl: await serve(app.listener) };
}

interface Document {
  readonly faults: number;
  readonly complete: boolean;
  readonly findings: readonly {
    event: string;
    hook: string;
    verdict: string;
    answered: string;
    ms: number;
    advice?: string;
  }[];
}

/** Checks an app; gives the exit code and what was found, with the hooks that went wrong. */
async function check(baseUrl: string, args: readonly string[] = [], variables = {}) {
  const ran = await line.run(['check', baseUrl, '--json', ...args], { ...environment, ...variables });
  expect(ran.errors).toBe('');
  const document: Document = JSON.parse(ran.output);
  const faults = document.findings
    .filter(({ verdict }) => verdict === 'fault')
    .map(({ event, hook }) => `${hook} ${event}`);
  return { code: ran.code, document, faults };
}

const forgeries = ['unsigned', 'forged', 'altered', 'late', 'early'];
const everywhere = (kinds: readonly string[]): string[] =>
  ['message', 'handshake', 'closed'].flatMap((event) => kinds.map((kind) => `${kind} ${event}`));

describe('a sample app', () => {
  test('without a mistake passes, is told no untruth, and hears the closed hook last', async () => {
    const { app, baseUrl } = await sample({});
    const { code, document, faults } = await check(baseUrl);
    expect([code, faults, document.complete]).toEqual([0, [], true]);
    expect(app.received[0]?.event).toBe('handshake');
    expect(app.received.at(-1)).toMatchObject({ event: 'closed', status: 204 });
    const taken = app.received.filter(({ status }) => status === 204);
    expect(taken.map(({ event }) => event)).toEqual([
      'handshake',
      ...Array.from({ length: 4 }, () => 'message'),
      // The garbled body and the one for another URL are signed, and this app decides by the signature alone.
      'message',
      'closed',
      'closed',
    ]);
    expect(new Set(app.received.map(({ fields }) => fields['path'] ?? '/sockethook-check'))).toEqual(
      new Set(['/sockethook-check']),
    );
    const large = app.received.find(({ fields }) => Buffer.byteLength(fields['body'] ?? '') > 100_000);
    expect(Buffer.byteLength(large?.fields['body'] ?? '')).toBe(131_072);
  });

  test.for<{ what: string; mistakes: Mistakes; finds: string[] }>([
    {
      what: 'that verifies no signature',
      mistakes: { noSignature: true },
      finds: [...everywhere(['unsigned', 'forged', 'altered']), 'no_signature message'],
    },
    {
      what: 'that verifies no timestamp',
      mistakes: { noTime: true },
      finds: everywhere(['late', 'early']),
    },
    {
      what: 'that takes a forged signature',
      mistakes: { anySignature: true },
      finds: everywhere(['forged', 'altered']),
    },
    {
      what: 'that refuses good hooks',
      mistakes: { otherSecret: true },
      finds: ['good handshake', 'good closed'],
    },
    { what: 'that takes 100 kB only', mistakes: { maxBytes: 102_400 }, finds: ['large message'] },
    {
      what: 'that answers 500 to a malformed hook',
      mistakes: { fails: true },
      finds: ['no_time message', 'no_signature message'],
    },
    {
      what: 'that verifies messages only',
      mistakes: { only: 'message' },
      finds: ['handshake', 'closed'].flatMap((event) => forgeries.map((kind) => `${kind} ${event}`)),
    },
  ])('$what is found out, with a word on how to mend it', async ({ mistakes, finds }) => {
    const { app, baseUrl } = await sample(mistakes);
    const { code, document, faults } = await check(baseUrl);
    expect([code, faults.sort()]).toEqual([1, finds.sort()]);
    for (const { verdict, advice } of document.findings)
      if (verdict !== 'ok') expect(advice).toMatch(/^[A-Z].{20,}[.?]$/);
    expect(app.received.at(-1)?.event).toBe('closed');
  });

  test('that lets in a forged client is told that this one has gone, too', async () => {
    const { app, baseUrl } = await sample({ noSignature: true });
    await check(baseUrl);
    const ids = (event: string) =>
      app.received.flatMap(({ event: at, fields }) => (at === event ? [fields['from']] : []));
    const [guest, impostor] = new Set(ids('handshake'));
    expect([ids('closed').at(-2), ids('closed').at(-1)].sort()).toEqual([guest, impostor].sort());
  });
});

describe('an app with the SDK passes', () => {
  const handlers = {
    handshake: () => ({ user: 'alice', state: 'seen' }),
    message: ({ state, user }: { state: string; user: string }) => {
      if (state !== 'seen' || user !== 'alice') throw new Error('A gateway tells both.');
      return { reply: 'Received.' };
    },
  };
  const listeners: Record<string, () => RequestListener> = {
    'node:http': () => nodeHooks(handlers),
    Express: () => express().use('/websocket', expressHooks(handlers)),
  };
  const worlds = Object.keys(listeners).flatMap((name) =>
    ['form', 'json'].map((format) => ({ name, format })),
  );

  test.for(worlds)('on $name, with hooks in $format', async ({ name, format }) => {
    process.env['SOCKETHOOK_WEBHOOK_SECRET'] = firstSecret;
    const { code, faults, document } = await check(await serve(listeners[name]!()), [
      '--webhook-format',
      format,
    ]);
    expect([code, faults]).toEqual([0, []]);
    const elsewhere = document.findings.find(({ hook }) => hook === 'elsewhere');
    expect(elsewhere).toMatchObject({ verdict: 'ok', answered: '401' });
    const repeated = document.findings.find(({ hook }) => hook === 'repeated');
    expect(repeated).toMatchObject({ verdict: 'note', answered: '200' });
  });

  test('that lets nobody in at this path, with a note; its messages are tried where it does', async () => {
    process.env['SOCKETHOOK_WEBHOOK_SECRET'] = firstSecret;
    const strict = {
      handshake: ({ path, user }: { path: string; user: string }) =>
        path === '/room/1' && user === 'bob' ? undefined : refuse(401),
    };
    const baseUrl = await serve(nodeHooks(strict));
    const shut = await check(baseUrl);
    expect([shut.code, shut.faults]).toEqual([0, []]);
    expect(shut.document.findings[0]).toMatchObject({
      verdict: 'note',
      advice: expect.stringContaining('--user'),
    });
    expect(shut.document.findings.filter(({ event }) => event === 'message')).toEqual([]);
    const open = await check(baseUrl, ['--path', '/room/1', '--user', 'bob']);
    expect([open.code, open.faults]).toEqual([0, []]);
    expect(open.document.findings.filter(({ event }) => event === 'message').length).toBeGreaterThan(10);
  });
});

test('an app whose reply to the longest message is too long is told so', async () => {
  process.env['SOCKETHOOK_WEBHOOK_SECRET'] = firstSecret;
  const baseUrl = await serve(nodeHooks({ message: ({ body }: { body: string }) => `You said: ${body}` }));
  const { code, document, faults } = await check(baseUrl);
  expect([code, faults]).toEqual([1, ['large message']]);
  const large = document.findings.find(({ hook }) => hook === 'large');
  expect(large?.advice).toMatch(/None of the actions .* "reply" must be at most 131072 bytes/);
});

test('the Express example passes, both where it lets nobody in and where it does', async () => {
  const port = await freePort();
  const variables = {
    ...environment,
    SOCKETHOOK_WEBSOCKET_URL: 'ws://127.0.0.1:1/',
    SOCKETHOOK_URL_KEY: 'url-key-0123456789-0123456789-0123456789',
    PORT: String(port),
  };
  const app = await ChildApp.start(
    process.execPath,
    ['--import', 'tsx', 'examples/express/app.ts'],
    variables,
  );
  running.push(() => app.stop());
  const baseUrl = `http://127.0.0.1:${port}/websocket`;
  expect(await check(baseUrl)).toMatchObject({ code: 0, faults: [] });
  expect(await check(baseUrl, ['--path', '/chat', '--user', 'alice'])).toMatchObject({ code: 0, faults: [] });
});

test('an app that is away, or does not answer in time, is a 1 with a sentence', async () => {
  const run = (baseUrl: string, args: readonly string[] = []): Promise<Ran> =>
    line.run(['check', baseUrl, ...args], environment);
  const away = await run(`http://127.0.0.1:${await freePort()}/websocket`);
  expect([away.code, away.errors]).toEqual([1, '']);
  expect(away.output).toMatch(/Your app can't be reached: .*ECONNREFUSED.*\n.*cut short/);
  const heard: string[] = [];
  const baseUrl = await serve((request) => void heard.push(request.url ?? ''));
  const silent = await run(baseUrl, ['--hook-timeout-ms', '500']);
  expect(silent.code).toBe(1);
  expect(silent.output).toContain('did not answer in time');
  // Two that it does not answer, and a closed hook for each of the two clients that it may have let in.
  expect([...new Set(heard)].sort()).toEqual([
    '/websocket/closed/sockethook-check',
    '/websocket/handshake/sockethook-check',
  ]);
  expect(heard.length).toBeLessThanOrEqual(4);
  expect(heard.at(-1)).toContain('/closed/');
});

test('Ctrl+C ends a check, and the app still hears that the client has gone', async () => {
  const heard: string[] = [];
  let answer = (): void => {};
  const interrupted = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const baseUrl = await serve(async (request, response) => {
    heard.push(request.url ?? '');
    request.resume();
    await interrupted;
    response.writeHead(204).end();
  });
  const started = line.begin(['check', baseUrl], environment);
  await expect.poll(() => heard).toHaveLength(1);
  started.signal('SIGINT');
  await expect.poll(() => started.errors).toContain('press Ctrl+C again');
  answer();
  expect(await started.ended).toEqual([1, null]);
  expect(started.output).toContain('The check was interrupted.');
  expect(heard).toEqual(['/websocket/handshake/sockethook-check', '/websocket/closed/sockethook-check']);
});

test('an app elsewhere is not called without --yes', async () => {
  const ran = await line.run(['check', 'http://192.0.2.1/websocket'], environment);
  expect([ran.code, ran.output]).toEqual([2, '']);
  expect(ran.errors).toMatch(/not on this machine.*\n.*--yes/);
  const yes = await line.run(
    ['check', 'http://sockethook.invalid/websocket', '--yes', '--hook-timeout-ms', '3000'],
    environment,
  );
  expect(yes.code, yes.output).toBe(1);
});

test('the secret comes from the folder, as for `env`, where the environment has none', async () => {
  const variables = { SOCKETHOOK_DIR: join(folder, 'made') };
  const made = JSON.parse((await line.run(['env', '--json'], variables)).output);
  const app = new SampleApp(made.SOCKETHOOK_WEBHOOK_SECRET);
  const baseUrl = await serve(app.listener);
  expect((await line.run(['check', baseUrl], variables)).code).toBe(0);
  expect((await line.run(['check', baseUrl], { ...variables, ...environment })).code).toBe(1);
});

test('a hook that the app does not want is not posted', async () => {
  const { app, baseUrl } = await sample({});
  expect(await check(baseUrl, ['--hooks', 'message'])).toMatchObject({ code: 0, faults: [] });
  const events = app.received.map(({ headers }) => String(headers['webhook-id']).split('_')[0]);
  expect(new Set(events)).toEqual(new Set(['message']));
});

test('a person reads a row for each hook, and once what there is to mend', async () => {
  const { baseUrl } = await sample({ noTime: true });
  const { output } = await line.run(['check', baseUrl], environment);
  expect(output).toMatch(/^ok +handshake +good +204 +\d+ ms$/m);
  expect(output).toMatch(/^FAULT +message +from 10 minutes ago +204 +\d+ ms$/m);
  expect(output.match(/^Mend: A hook that is 10 minutes old is accepted\. .*5 minutes/gm)).toHaveLength(1);
  expect(output).toMatch(/^6 hooks went wrong at http:\/\/127\.0\.0\.1:\d+\/websocket\.$/m);
});
