import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type LocalLimits, limitSets, parseSettings } from '../../functions/local/settings.ts';
import { parseActions } from '../../functions/wire/actions.ts';
import { type AppResponse, readAnswer } from '../../functions/wire/answer.ts';
import asyncapi from '../../functions/wire/asyncapi.json' with { type: 'json' };
import { form } from '../../functions/wire/formats/form.ts';
import { type HookEvent, hookEvents } from '../../functions/wire/hook.ts';
import { limits } from '../../functions/wire/limits.ts';
import { problems } from '../../functions/wire/problems.ts';
import { sendFailures } from '../../functions/wire/send-failures.ts';
import { appEnvironment } from '../../infra/local/app-environment.ts';
import { testSecrets } from '../support/local.ts';
import { doc, Page, readme } from './page.ts';

const app = doc('your-app');
const api = doc('http-api');
const operations = doc('operations');
const contributing = new Page('CONTRIBUTING.md');
const tests = new Page('test/README.md');
const actionsType = 'application/vnd.sockethook+json';

test('the table of fields has those of a real hook, in their order, and those of joined and left', () => {
  const [hook = ''] = readme.code('On the wire', 'http');
  const real = new URLSearchParams(hook.trimEnd().split('\n\n')[1]);
  const written = app.rows('Hooks', 'field').flatMap(([names = '']) => names.match(/\w+/g));
  expect(written).toEqual([...real.keys(), 'group', 'sequence']);
  expect(written).toEqual(Object.keys(asyncapi.components.schemas.Hook.properties));
});

test('the table of problems has every code with its status, and no other', () => {
  const written = api.rows('Problems', 'code');
  const real = Object.entries(problems).map(([code, { status }]) => [
    code,
    code === 'refused_by_app' ? 'the app’s own 4xx' : String(status),
  ]);
  expect(written.map(([code, status]) => [code, status?.replace("'", '’')]).sort()).toEqual(real.sort());
});

test('the table of failures has every code of a failed send, and no other', () => {
  const written = api.rows('Outcomes', 'failure').map(([code]) => code);
  expect(written.sort()).toEqual([...sendFailures].sort());
});

test('the table of close codes has every code of asyncapi.json, and whether to reconnect', () => {
  const real = asyncapi.channels.socket['x-close-codes'].map(({ code, reconnect }) => [
    String(code),
    reconnect ? 'yes' : 'no',
  ]);
  expect(
    doc('clients')
      .rows('Close codes', 'close code')
      .map(([code, , again]) => [code, again]),
  ).toEqual(real);
});

test('the table of settings has every variable that is read, and no other', () => {
  const source = readFileSync(new URL('../../functions/local/settings.ts', import.meta.url), 'utf8');
  const read = [...source.matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(([, name]) => name);
  expect(
    operations
      .rows('Settings', 'variable')
      .map(([name]) => name)
      .sort(),
  ).toEqual(read.sort());
});

test('a default in the table of settings is the same as leaving the variable out', () => {
  const written = operations
    .rows('Settings', 'variable')
    .filter(([, value]) => value !== '' && value !== 'generated');
  expect(written).toHaveLength(14);
  for (const [name = '', value = ''] of written) {
    expect([name, parseSettings({ [name]: value })]).toEqual([name, parseSettings({})]);
  }
});

test('the app’s variables are those that `npm run env` prints', () => {
  const real = appEnvironment({ apiUrl: '', webSocketUrl: '' }, testSecrets);
  expect(app.rows('Connecting your app to a gateway', 'variable').map(([name]) => name)).toEqual(
    Object.keys(real),
  );
});

const localNames: Readonly<Record<keyof LocalLimits, string>> = {
  messageBytes: 'message in either direction, in bytes of UTF-8',
  frameBytes: 'message from a client that is logged with a warning, in bytes',
  urlLength: 'URL of a client, in characters',
  idleMs: 'idle time, in ms',
  lifeMs: 'life of a socket, in ms',
  unsentBytes: 'bytes unread by a client before 1008',
  waitingBytes: 'backlog of a client, in bytes',
  allWaitingBytes: 'backlog of all clients, in bytes',
  headBytes: 'head of a request, in bytes',
  goneMs: 'time for the hooks of a client that has gone, in ms',
};
const otherNames: Readonly<Record<Exclude<keyof typeof limits, keyof LocalLimits>, string>> = {
  pathBytes: 'path, in bytes',
  userBytes: 'user, in bytes',
  stateBytes: 'state, in bytes',
  groupBytes: 'name of a group, in bytes',
  groups: 'groups of a socket',
  groupsBytes: 'names of the groups of a socket together, in bytes',
  groupsPerAction: 'names in one `join` or `leave`',
  socketIdLength: 'socket id, in characters',
  sendSockets: 'sockets in one `send` or `except`',
  broadcastInCall: 'sockets that a broadcast reaches within its call',
  broadcastSeconds: 'time that the progress of a broadcast is kept, in seconds',
  idempotencyKeyLength: '`Idempotency-Key`, in characters',
  idempotencySeconds: 'time that the answer to a call with a key is kept, in seconds',
  keptIdsBytes: 'ids in a send with a key that no socket can have, together, in bytes',
  deadLetterSeconds: 'time that a dead letter is kept, in seconds',
  deadLetterBodies: 'dead letters in a page that has their bodies',
  failedBytes: 'messages of a socket whose first attempts failed, together, in bytes',
  formFields: 'fields in a form to the HTTP API',
  actionsPerKind: 'sends, and broadcasts, in one answer',
  outboxMessages: 'messages queued for a client that is connecting',
  outboxBytes: 'bytes queued for a client that is connecting',
  answerBytes: 'answer to a hook, in bytes',
  ticketSeconds: 'life of a ticket, in seconds',
  ticketSecondsDefault: 'default life of a ticket, in seconds',
  pageSize: 'page of a list in the HTTP API',
  pageSizeDefault: 'default page of a list in the HTTP API',
  groupCount: 'sockets that `GET /groups/{group}` counts',
};

test('the table of limits has every limit with its values, and no other', () => {
  const amount = (value: number): string => (Number.isFinite(value) ? value.toLocaleString('en') : 'none');
  const { 'api-gateway': usual, none } = limitSets;
  const local = Object.entries(localNames).map(([name, written]) => {
    const key = name as keyof LocalLimits;
    return [written, amount(usual[key]), usual[key] === none[key] ? 'same' : amount(none[key])];
  });
  const others = Object.entries(otherNames).map(([name, written]) => [
    written,
    amount(limits[name as keyof typeof otherNames]),
    'same',
  ]);
  expect(operations.rows('Limits', 'limit').sort()).toEqual([...local, ...others].sort());
});

test('the table of actions says which hook allows what, and its example shows them all', () => {
  const [example = ''] = app.code('Actions', 'json');
  const actions: Record<string, unknown> = JSON.parse(example);
  const written = app
    .rows('Actions', 'action')
    .flatMap(([names = '', ...events]) =>
      names.split(', ').map((name) => [name.replaceAll('`', ''), ...events.map((cell) => cell === 'yes')]),
    );
  const allows = (name: string, event: HookEvent): boolean =>
    parseActions(JSON.stringify({ [name]: actions[name] }), {
      event,
      offered: ['chat'],
      messageBytes: limits.messageBytes,
    }).ok;
  const real = Object.keys(actions).map((name) => [name, ...columns((event) => allows(name, event))]);
  expect(written.sort()).toEqual(real.sort());
});

test('the table of hooks has every hook and its URL', () => {
  const written = app.rows('Hooks', 'hook').map(([hook]) => hook);
  expect(written).toEqual(hookEvents.map((event) => `POST {base}/${event}/{path}`));
});

/** The columns of a table about hooks: one for all that come after a socket has ended, or are about a user. */
function columns<T>(of: (event: HookEvent) => T): T[] {
  const [handshake, message, ...rest] = hookEvents;
  const last = rest.map(of);
  for (const other of last) expect(other, rest.join(', ')).toEqual(last[0]);
  return [of(handshake), of(message), ...last.slice(0, 1)];
}

/** What an app may answer, by the first column of the table of answers. */
const answers = new Map<string, readonly AppResponse[]>([
  ['2xx', [200, 204, 299].map(answered)],
  ['2xx with invalid actions', [{ ...answered(200), contentType: actionsType, body: '{"unknown":1}' }]],
  ['408, 425, 429', [408, 425, 429].map(answered)],
  ['404, 405', [404, 405].map(answered)],
  ['501', [answered(501)]],
  ['other 4xx', [400, 401, 403, 410, 413, 499].map(answered)],
  ['3xx', [301, 302, 307].map(answered)],
  ['502, 503, 504, a broken answer', [...[502, 503, 504].map(answered), { kind: 'broken', why: 'no HTTP' }]],
  ['other 5xx', [500, 505, 511, 599].map(answered)],
  ['nothing before the timeout', [{ kind: 'timeout' }]],
]);

function answered(status: number): Extract<AppResponse, { kind: 'response' }> {
  return { kind: 'response', status, contentType: 'text/plain', retryAfter: '', body: '' };
}

/** What the table says of an answer to a hook. */
function told(response: AppResponse, event: HookEvent): string {
  const context = { event, offered: [], messageBytes: limits.messageBytes };
  const answer = readAnswer(response, form, context, 0);
  const own = response.kind === 'response' ? response.status : undefined;
  const refused = (status: number): string =>
    `refused with ${status === own && status < 500 ? 'that status' : status}`;
  switch (answer.kind) {
    case 'accepted':
      return event === 'handshake' ? 'client accepted' : 'done';
    case 'refused':
      return event === 'handshake' ? refused(answer.status) : 'dead letter';
    case 'failed':
      if (event === 'handshake') return refused(answer.status);
      if (event !== 'message') return 'retried for a day';
      return answer.isAway ? 'retried for 6 hours' : 'retried for a minute';
    case 'invalid':
      if (event === 'handshake') return refused(502);
      return event === 'message' ? 'dead letter' : 'done, logged';
    case 'unwanted':
      return event === 'message' ? 'dead letter' : 'done: "not wanted", warned once';
  }
}

test('the table of answers says what the gateway makes of each answer to each hook', () => {
  const written = app.rows('Answers', 'your app answers');
  expect(written.map(([name]) => name)).toEqual([...answers.keys()]);
  for (const [name = '', ...says] of written) {
    for (const response of answers.get(name) ?? []) {
      const real = columns((event) => told(response, event));
      expect(real, `${name}: ${JSON.stringify(response)}`).toEqual(says);
    }
  }
});

/** The source of the gateway, of the adapters for AWS, and of the gateway in one process. */
const source = execFileSync('git', ['grep', '-h', '', '--', 'functions/*.ts', 'infra/local/*.ts'], {
  encoding: 'utf8',
  maxBuffer: 2 ** 26,
});

test('the table of log events has events that the gateway logs', () => {
  const events = operations.rows('Logs', 'event').map(([event]) => event);
  expect(events.length).toBeGreaterThan(10);
  expect(events.filter((event) => !source.includes(`'${event}'`))).toEqual([]);
});

test('every warning and error that the gateway logs is named in a page', () => {
  const logged = new Set(
    [...source.matchAll(/\.(?:warn|warnOnce|error)\(\s*'([a-z_]+)'/g)].map(([, event = '']) => event),
  );
  expect(logged.size).toBeGreaterThan(15);
  const named = operations.section('Logs') + doc('aws').section('Watching it');
  expect([...logged].filter((event) => !named.includes(`\`${event}\``))).toEqual([]);
});

test('every lane of the contributors’ table is a script, and every lane is in the table', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const queues = Object.keys(scripts).filter((name) => /^(?:test|bench|check|simulate|verify)/.test(name));
  const written = contributing.rows('Test lanes', 'command').map(([command = '']) => command);
  const names = written.map((command) => command.replace(/^npm (?:run )?/, ''));
  expect(names.sort()).toEqual(queues.sort());
});

test('the page about tests has every folder of tests', () => {
  const url = new URL('../', import.meta.url);
  const folders = readdirSync(url, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const written = tests.rows('Tests', 'folder').map(([cell = '']) => /^\[(\w+)\]/.exec(cell)?.[1]);
  expect(written.sort()).toEqual(folders.map(({ name }) => name).sort());
});
