import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ChildApp } from '../support/child-app.ts';
import { cannot } from './cannot.ts';
import { Cdk } from './cdk.ts';
import { inventory, nothing } from './inventory.ts';
import { Ministack } from './ministack.ts';

/** What a stack that is verified is called. */
const ours = 'SockethookVerify-[0-9a-f]+';

let ministack: Ministack;
beforeAll(async () => {
  ministack = await Ministack.start();
  const cdk = await Cdk.create(ministack.environment);
  await cdk.bootstrap('aws://000000000000/us-east-1');
  await cdk.remove();
});
afterAll(() => ministack.stop());
afterEach(async () => {
  // A run of the relay that outlives the stack still writes its log, and this emulator makes the group anew for it.
  expect({ ...(await inventory(ministack, ours)), logs: 0 }).toEqual(nothing);
});

/** What `npm run verify:aws` runs, in the shell of somebody whose account the emulator is. */
function verify(args: readonly string[] = [], environment: Readonly<Record<string, string>> = {}): ChildApp {
  const env = { HOME: process.env['HOME'], ...ministack.environment, VERIFY_EMULATOR: ministack.url };
  const quick = { VERIFY_TEST_MS: '30000' };
  const command = ['--import', 'tsx', 'test/verify/run.ts', ...args];
  return new ChildApp('node', command, { ...env, ...quick, ...environment });
}

/** Resolves once something of the stack is there: CloudFormation is at it. */
async function standing(run: ChildApp): Promise<void> {
  while (run.isRunning) {
    const { tables = 0, queues = 0, functions = 0 } = await inventory(ministack, ours);
    if (tables + queues + functions > 0) return;
    await sleep(50);
  }
  throw new Error(`Nothing was deployed:\n${run.written}`);
}

/** The cells of the table's rows. */
function rows({ output }: ChildApp): string[][] {
  const lines = output.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(2).map((line) => line.slice(2, -2).split(' | '));
}

/**
 * What this emulator differs in besides: its Function URL hands on a path decoded, and its own name for a host. And it
 * gets no answers of integrations, so that the question about a ping finds no pong either.
 */
const differing = [
  'a ping, answered by the MOCK integration',
  'headers that a client makes up change nothing that the app sees',
  'a broadcast finds the path that a client wrote in another way, and hooks show it as it was written',
];

/**
 * What is left out here: for these it starts 200 processes and more, or a client waits in vain until the test is over.
 * The broadcasts run in contract.test.ts.
 */
const leftOut = [
  'broadcasts to many',
  ...['100 messages sent back to back arrive once each', 'an empty reply'],
  ...['a message of 131,073 bytes closes', 'a binary frame closes'],
];

describe('a verification', { timeout: 900_000 }, () => {
  test('of the emulator says what it does otherwise than AWS, and leaves nothing behind', async () => {
    const run = verify(['-t', `^(?!.*(${leftOut.join('|')}))`]);
    expect(await run.ended).toEqual([1, null]);
    const known = Object.keys(cannot).filter((name) => !leftOut.some((part) => name.startsWith(part)));
    expect(new Set(rows(run).map(([about]) => about))).toEqual(new Set([...known, ...differing]));
    expect(run.output).toMatch(/ \d\d\d tests passed/);
  });

  test.for([
    ['SIGINT', 'is deployed'],
    ['SIGTERM', 'is asked what no document says'],
    ['SIGINT', 'goes through the suite'],
  ] as const)('that %s ends while its stack %s, leaves nothing behind', async ([signal, step]) => {
    const run = verify();
    await run.says(step);
    if (step === 'is deployed') await standing(run);
    run.signal(signal);
    run.signal(signal);
    expect(await run.ended).toEqual([1, null]);
    expect(run.output).toContain(`Ended by ${signal}.`);
  });

  test('whose deploy fails says why, and leaves nothing behind', async () => {
    const run = verify([], { AWS_REGION: 'eu-west-1', CDK_DEFAULT_REGION: 'eu-west-1' });
    expect(await run.ended).toEqual([1, null]);
    expect(run.output).toMatch(/bootstrap/);
  });
});
