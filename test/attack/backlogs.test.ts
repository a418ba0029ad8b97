import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { limitSets } from '../../functions/local/settings.ts';
import { type Client, connect } from '../support/client.ts';
import { programOf } from '../support/program.ts';
import { runsGatewaysOnBun } from '../support/runtime.ts';
import type { Seen } from './pinging-flooder.ts';
import { Target } from './target.ts';

const clients = 1_000;
/** What the gateway may take in all, in MB, whatever clients do. */
const maxMemory = 600;
/** A backlog is full at this weight while all backlogs together are large. */
const fullBytes = limitSets['api-gateway'].waitingBytes / 64;

let target: Target;
let flooder: ChildProcess | undefined;
afterEach(async () => {
  flooder?.kill('SIGKILL');
  await target.stop();
});

/** Lets the clients flood for some seconds. Returns what they have seen. */
async function flood(bytes: number, seconds: number): Promise<Seen> {
  const program = await programOf('test/attack/pinging-flooder.ts');
  const args = [program, target.port, clients, bytes, fullBytes - 1, target.pid].map(String);
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  flooder = child;
  let last = '';
  let lines = 0;
  const over = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      last = line;
      lines += 1;
      if (lines === seconds) resolve();
    });
  });
  await over;
  child.kill('SIGKILL');
  return JSON.parse(last);
}

/** A client that is let in as soon as the gateway takes anybody. */
async function comeIn(): Promise<Client> {
  for (;;) {
    try {
      return await connect(`ws://127.0.0.1:${target.port}/echo`);
    } catch {
      await sleep(100);
    }
  }
}

describe('1,000 clients that ping and flood an app which never answers', () => {
  test.for<[string, string, number]>([
    ['before the first hooks time out', '30000', 6],
    ['while their hooks time out and their messages are stored', '1000', 15],
  ])(
    'get each ping answered within 2 s until their backlogs are full, %s',
    { timeout: 120_000 },
    async ([, timeout, seconds]) => {
      target = await Target.start(0, { HOOK_TIMEOUT_MS: timeout });
      const seen = await flood(1, seconds);
      const pings = clients * Math.floor((fullBytes - 1) / (7 * 257));
      expect(seen, 'pings').toMatchObject({ answered: pings, unanswered: 0 });
      expect(seen.slowest, 'the slowest ping, in ms').toBeLessThan(2_000);
      expect(target.maxMemory, 'memory, in MB').toBeLessThan(maxMemory);
      // Later the store may be full. On Bun a read is larger, so that clients are shed sooner (docs/operations.md).
      if (timeout === '30000' && !runsGatewaysOnBun) expect(target.lost, 'messages that are lost').toBe(0);
      target.endSilence();
      const client = await comeIn();
      client.send('still here');
      expect(await client.next()).toBe('still here');
      await client.close();
    },
  );

  test('with messages of 40,000 bytes take no more memory, whether they are let in or refused', {
    timeout: 120_000,
  }, async () => {
    target = await Target.start(0, { HOOK_TIMEOUT_MS: '1000' });
    await flood(40_000, 10);
    expect(target.maxMemory, 'memory, in MB').toBeLessThan(maxMemory);
    target.endSilence();
    const client = await comeIn();
    client.send('still here');
    expect(await client.next()).toBe('still here');
    await client.close();
  });
});
