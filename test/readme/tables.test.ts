import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseActions } from '../../functions/wire/actions.ts';
import { closeCodes } from '../../functions/wire/close-codes.ts';
import { type HookEvent, hookEvents } from '../../functions/wire/hook.ts';
import { limits } from '../../functions/wire/limits.ts';
import { problems } from '../../functions/wire/problems.ts';
import { sendFailures } from '../../functions/wire/send-failures.ts';
import { appEnvironment } from '../../infra/local/app-environment.ts';
import { type LocalLimits, limitSets, parseSettings } from '../../infra/local/settings.ts';
import { testSecrets } from '../support/local.ts';
import { fences, rows } from './readme.ts';

test('the table of fields has those of a real hook, in their order', () => {
  const [hook = ''] = fences('On the wire', 'http');
  const real = new URLSearchParams(hook.trimEnd().split('\n\n')[1]);
  expect(rows('Hooks', 'field').flatMap(([names = '']) => names.match(/\w+/g))).toEqual([...real.keys()]);
});

test('the table of problems has every code with its status, and no other', () => {
  const written = rows('The HTTP API', 'code').filter((row) => row.length === 3);
  const real = Object.entries(problems).map(([code, { status }]) => [
    code,
    code === 'refused_by_app' ? 'the app’s own 4xx' : String(status),
  ]);
  expect(written.map(([code, status]) => [code, status?.replace("'", '’')]).sort()).toEqual(real.sort());
});

test('the table of failures has every code of a failed send, and no other', () => {
  const written = rows('The HTTP API', 'failure').map(([code]) => code);
  expect(written.sort()).toEqual(Object.keys(sendFailures).sort());
});

test('the table of close codes has every code that the gateway uses, and whether to connect again', () => {
  const real = Object.values(closeCodes).map(({ code, reconnect }) => [
    String(code),
    reconnect ? 'yes' : 'no',
  ]);
  expect(rows('Connecting', 'close code').map(([code, , again]) => [code, again])).toEqual(real);
});

test('the table of settings has every variable that is read, and no other', () => {
  const source = readFileSync(new URL('../../infra/local/settings.ts', import.meta.url), 'utf8');
  const read = [...source.matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(([, name]) => name);
  expect(
    rows('Settings', 'variable')
      .map(([name]) => name)
      .sort(),
  ).toEqual(read.sort());
});

test('a default in the table of settings is the same as leaving the variable out', () => {
  const written = rows('Settings', 'variable').filter(([, value]) => value !== '' && value !== 'made');
  expect(written).toHaveLength(8);
  for (const [name = '', value = ''] of written) {
    expect([name, parseSettings({ [name]: value })]).toEqual([name, parseSettings({})]);
  }
});

test('the app’s variables are those that `npm run env` prints', () => {
  const real = appEnvironment({ apiUrl: '', webSocketUrl: '' }, testSecrets);
  expect(rows('Your own app', 'variable').map(([name]) => name)).toEqual(Object.keys(real));
});

const localNames: Readonly<Record<keyof LocalLimits, string>> = {
  messageBytes: 'message, either way, in bytes of UTF-8',
  frameBytes: 'message of a client that is logged, in bytes',
  urlLength: 'URL of a client, in characters',
  idleMs: 'idle time, in ms',
  lifeMs: 'life of a socket, in ms',
  unsentBytes: 'unread by a client before 1008, in bytes',
  waitingBytes: 'bytes of one client that wait for their hooks',
  allWaitingBytes: 'bytes of all clients that wait for their hooks',
  headBytes: 'head of a request, in bytes',
  goneMs: 'hooks of a client that has gone, in ms',
};
const otherNames: Readonly<Record<Exclude<keyof typeof limits, keyof LocalLimits>, string>> = {
  pathBytes: 'path, in bytes',
  userBytes: 'user, in bytes',
  stateBytes: 'state, in bytes',
  socketIdLength: 'socket id, in characters',
  sendSockets: 'sockets in one `send` or `except`',
  formFields: 'fields of a form to the HTTP API',
  actionsPerKind: 'sends, and broadcasts, in one answer',
  outboxMessages: 'messages that wait for an opening client',
  outboxBytes: 'bytes that wait for an opening client',
  answerBytes: 'answer to a hook, in bytes',
  ticketSeconds: 'life of a ticket, in seconds',
  ticketSecondsDefault: 'life of a ticket if not given, in seconds',
  pageSize: 'page of `GET /sockets`',
  pageSizeDefault: 'page of `GET /sockets` if not given',
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
  expect(rows('Limits', 'limit').sort()).toEqual([...local, ...others].sort());
});

test('the table of actions says which hook allows what, and its example shows them all', () => {
  const [example = ''] = fences('Actions', 'json');
  const actions: Record<string, unknown> = JSON.parse(example);
  const written = rows('Actions', 'action').flatMap(([names = '', ...events]) =>
    names.split(', ').map((name) => [name.replaceAll('`', ''), ...events.map((cell) => cell === 'yes')]),
  );
  const allows = (name: string, event: HookEvent): boolean =>
    parseActions(JSON.stringify({ [name]: actions[name] }), {
      event,
      offered: ['chat'],
      messageBytes: limits.messageBytes,
    }).ok;
  const real = Object.keys(actions).map((name) => [name, ...hookEvents.map((event) => allows(name, event))]);
  expect(written.sort()).toEqual(real.sort());
});
