import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ApiError,
  cancelBroadcast,
  closeSocket,
  deleteDeadLetter,
  joinGroup,
  leaveGroup,
  replayDeadLetter,
  replayDeadLetters,
} from '../../sdk/index.ts';

const socket = 'GqeHuLU1vAmaAx0=';
const letter = '0mws1q7to-8Ll1QzZ0yqKkq0n2H9mTqw';
const calls = [
  { name: 'closeSocket', done: 204, call: () => closeSocket(socket) },
  { name: 'joinGroup', done: 204, call: () => joinGroup('g', socket) },
  { name: 'leaveGroup', done: 204, call: () => leaveGroup('g', socket) },
  { name: 'cancelBroadcast', done: 204, call: () => cancelBroadcast('rx2hrGSNIgRjlsrl4AWtVA') },
  { name: 'deleteDeadLetter', done: 204, call: () => deleteDeadLetter(letter) },
  { name: 'replayDeadLetter', done: 202, call: () => replayDeadLetter(letter) },
  { name: 'replayDeadLetters', done: 202, call: () => replayDeadLetters() },
];

const before = ['SOCKETHOOK_API_URL', 'SOCKETHOOK_API_KEY'].map((name) => [name, process.env[name]] as const);
let server: Server;
/** What the server answers to everything. */
let status = 200;
beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume().once('end', () => response.writeHead(status).end(status === 204 ? undefined : '{}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env['SOCKETHOOK_API_URL'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env['SOCKETHOOK_API_KEY'] = 'api-key-one-0123456789';
});
afterAll(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  server.closeAllConnections();
  server.close();
});

test.for(calls)('$name does not believe a server that answers as no gateway does', async ({ done, call }) => {
  for (status of [200, 202, 204].filter((other) => other !== done)) {
    const error = await call().catch((thrown: unknown) => thrown);
    expect(error, String(status)).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status, problem: '' });
    expect(String(error)).toMatch(/not a gateway’s\. Is SOCKETHOOK_API_URL the gateway’s URL\?/);
  }
  status = done;
  expect(await call()).toBeOneOf([true, undefined]);
});
