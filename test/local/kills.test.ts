import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { type Client, connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { programOf } from '../support/program.ts';
import { RecordingApp } from '../support/recording-app.ts';

/** How often the gateway is killed. `KILLS=100` for a longer run. */
const kills = Number(process.env['KILLS'] ?? 6);

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

/** The gateway as `npm start` runs it, and the ids of the hooks of which it said that they wait for another try. */
async function start(base: string, folder: string, waiting: Set<string>) {
  const child = spawn(process.execPath, [await programOf('infra/local/start.ts')], {
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

test('a gateway that is killed again and again loses no hook that waits, and keeps the order of each socket', async () => {
  const app = new RecordingApp();
  const base = await app.listen();
  const folder = mkdtempSync(join(tmpdir(), 'sockethook-'));
  const waiting = new Set<string>();
  /** What the app took, by socket, and the sockets of the hooks that it did not. */
  const taken = new Map<string, { id: string; event: string; number: number }[]>();
  const refused = new Map<string, string>();
  let isAway = true;
  app.on('/room', ({ fields, headers }) => {
    const { event = '', from = '', body = '' } = fields;
    const id = String(headers['webhook-id']);
    if (isAway && event === 'message' && Math.random() < 0.4) {
      refused.set(id, from);
      return 503;
    }
    const before = taken.get(from) ?? [];
    before.push({ id, event, number: Number(body) });
    taken.set(from, before);
    return 204;
  });
  for (let kill = 0; kill < kills; kill++) {
    const gateway = await start(base, folder, waiting);
    const clients = await Promise.all(Array.from({ length: 20 }, () => connect(`${gateway.url}room`)));
    const sending = send(clients);
    const known = waiting.size;
    await eventually('hooks wait', () => waiting.size > known + 5);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 200));
    gateway.child.kill('SIGKILL');
    await gateway.exited;
    clearInterval(sending);
  }
  isAway = false;
  const last = await start(base, folder, waiting);
  const ids = () => new Set([...taken.values()].flat().map(({ id }) => id));
  await eventually('every hook that waits', () => [...waiting].every((id) => ids().has(id)));
  const sockets = new Set([...waiting].map((id) => refused.get(id) ?? ''));
  const hasClosed = (socket: string) => taken.get(socket)?.at(-1)?.event === 'closed';
  await eventually('the closed hooks of their sockets', () => [...sockets].every(hasClosed));
  for (const [socket, told] of taken) expect(isToldInOrder(told), `the order of ${socket}`).toBe(true);
  last.child.kill('SIGTERM');
  await last.exited;
  await app.stop();
}, 600_000);

/** Sends numbers, again and again, on each of the clients. */
function send(clients: readonly Client[]): NodeJS.Timeout {
  let number = 0;
  return setInterval(() => {
    number += 1;
    for (const client of clients) if (client.ws.readyState === 1) client.send(String(number));
  }, 5);
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
