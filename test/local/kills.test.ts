import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { Client, tryConnect } from '../support/client.ts';
import type { ReceivedHook } from '../support/conform-hook.ts';
import { eventually } from '../support/eventually.ts';
import { programOf } from '../support/program.ts';
import { RecordingApp } from '../support/recording-app.ts';
import { runtime } from '../support/runtime.ts';

/** How often the gateway is killed. `KILLS=100` for a longer run. */
const kills = Number(process.env['KILLS'] ?? 6);

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

/** The gateway as `npm start` runs it, and the ids of the hooks of which it said that they wait for another try. */
async function start(base: string, folder: string, waiting: Set<string>) {
  const child = spawn(runtime, [await programOf('infra/local/start.ts')], {
    env: { PATH: process.env['PATH'], PORT: '0', WEBHOOK_BASE_URL: base, SOCKETHOOK_DIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = await new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const logged = JSON.parse(line);
      if (logged.event === 'started') resolve(String(logged.webSocket));
      if (logged.event === 'hook_retried') waiting.add(String(logged.request));
    });
  });
  return { child, exited, url };
}

/** What happened to the hooks of all sockets. */
class Story {
  /** What the app took, by socket. */
  readonly taken = new Map<string, { id: string; event: string; number: number }[]>();
  /** The ids of all that it took. */
  readonly ids = new Set<string>();
  /** How often the app refused each hook: at most three times, since the pauses would outlast the test. */
  readonly refusals = new Map<string, number>();
  /** The sockets whose handshake the app accepted. */
  readonly accepted = new Set<string>();
  isAway = true;

  /** The answer of the app to a hook. */
  answer({ fields, headers }: ReceivedHook): number {
    const { event = '', from = '', body = '' } = fields;
    const id = String(headers['webhook-id']);
    if (event === 'handshake' && Math.random() < 0.1) return 403;
    if (event === 'handshake') this.accepted.add(from);
    const refusals = this.refusals.get(id) ?? 0;
    if (this.isAway && event === 'message' && refusals < 3 && Math.random() < 0.4) {
      this.refusals.set(id, refusals + 1);
      return 503;
    }
    const before = this.taken.get(from) ?? [];
    before.push({ id, event, number: Number(body) });
    this.ids.add(id);
    this.taken.set(from, before);
    return 204;
  }

  hasClosed(socket: string): boolean {
    return this.taken.get(socket)?.at(-1)?.event === 'closed';
  }
}

test('a gateway that is killed again and again owes each socket its closed hook, loses no hook that waits, and keeps the order', async () => {
  const app = new RecordingApp();
  const base = await app.listen();
  const folder = mkdtempSync(join(tmpdir(), 'sockethook-'));
  const waiting = new Set<string>();
  const story = new Story();
  app.on('/room', (hook) => story.answer(hook));
  for (let kill = 0; kill < kills; kill++) {
    const gateway = await start(base, folder, waiting);
    const clients = await Promise.all(Array.from({ length: 20 }, () => client(`${gateway.url}room`)));
    const sending = send(clients.filter((one) => one !== undefined));
    const coming = comeAndGo(`${gateway.url}room`);
    const known = waiting.size;
    await eventually('hooks wait', () => waiting.size > known + 5);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 200));
    gateway.child.kill('SIGKILL');
    clearInterval(coming);
    await gateway.exited;
    clearInterval(sending);
  }
  story.isAway = false;
  const last = await start(base, folder, waiting);
  const patience = { interval: 100, timeout: 60_000 };
  const missing = () => [...waiting].filter((id) => !story.ids.has(id));
  await expect.poll(missing, { ...patience, message: 'hooks that waited' }).toEqual([]);
  const owed = () => [...story.accepted].filter((socket) => !story.hasClosed(socket));
  await expect.poll(owed, { ...patience, message: 'sockets without a closed hook' }).toEqual([]);
  for (const [socket, told] of story.taken) {
    expect(isToldInOrder(told), `the order of ${socket}`).toBe(true);
    expect(gaps(told), `messages of ${socket} that are missing, though a later one is there`).toEqual([]);
  }
  last.child.kill('SIGTERM');
  await last.exited;
  await app.stop();
}, 900_000);

/** A client, unless the app refuses it or the gateway dies. */
async function client(url: string): Promise<Client | undefined> {
  const outcome = await tryConnect(url).catch(() => undefined);
  return outcome instanceof Client ? outcome : undefined;
}

/** Clients come and soon go, so that some are coming and some are going at any moment. */
function comeAndGo(url: string): NodeJS.Timeout {
  return setInterval(async () => {
    const visitor = await client(url);
    setTimeout(() => visitor?.ws.close(), Math.random() * 100);
  }, 10);
}

/** Sends numbers, again and again, on each of the clients. */
function send(clients: readonly Client[]): NodeJS.Timeout {
  let number = 0;
  return setInterval(() => {
    number += 1;
    for (const client of clients) if (client.ws.readyState === 1) client.send(String(number));
  }, 5);
}

/**
 * A kill may cost the message of a socket that is on its first attempt, and those that were read behind it. These are
 * its last ones, so nothing may be missing before one that came.
 */
function gaps(told: readonly { readonly event: string; readonly number: number }[]): number[] {
  const numbers = new Set(told.filter(({ event }) => event === 'message').map(({ number }) => number));
  const before = Array.from({ length: Math.max(0, ...numbers) }, (_, at) => at + 1);
  return before.filter((number) => !numbers.has(number));
}

/** Nothing comes after closed, and each message comes after those before it; a message may come again. */
function isToldInOrder(told: readonly { readonly event: string; readonly number: number }[]): boolean {
  const numbers = told.filter(({ event }) => event === 'message').map(({ number }) => number);
  const closed = told.findIndex(({ event }) => event === 'closed');
  return (
    numbers.every((number, at) => at === 0 || number >= (numbers[at - 1] ?? 0)) &&
    (closed === -1 || told.slice(closed).every(({ event }) => event === 'closed'))
  );
}
