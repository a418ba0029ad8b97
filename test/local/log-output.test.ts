import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createLog } from '../../functions/local/log.ts';
import { FileOutput, StreamOutput } from '../../functions/local/log-output.ts';
import { type Client, connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { programOf } from '../support/program.ts';
import { RecordingApp } from '../support/recording-app.ts';

const root = mkdtempSync(join(tmpdir(), 'sockethook-'));
afterAll(() => rmSync(root, { recursive: true }));

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

/** The gateway as `npm start` runs it, its standard output being what is told. */
async function start(stdout: 'pipe' | number, environment: Record<string, string>): Promise<ChildProcess> {
  const child = spawn(process.execPath, [await programOf('infra/local/start.ts')], {
    env: { PATH: process.env['PATH'], SOCKETHOOK_DIR: mkdtempSync(join(root, 's-')), ...environment },
    stdio: ['ignore', stdout, 'inherit'],
  });
  started.push(child);
  return child;
}

/** Connects as soon as the gateway listens. */
async function comeIn(url: string): Promise<Client> {
  let client: Client | undefined;
  await eventually('the gateway listens', async () => {
    client = await connect(url).catch(() => undefined);
    return client !== undefined;
  });
  if (client === undefined) throw new Error('It does not listen.');
  return client;
}

/** Has a line logged for each of three messages, and sees that the gateway still does what it is for. */
async function expectItGoesOn(child: ChildProcess, app: RecordingApp, url: string): Promise<void> {
  app.on('/refused', ({ fields }) => (fields['event'] === 'message' ? 400 : 204));
  const client = await comeIn(`${url}/refused`);
  for (const body of ['one', 'two', 'three']) client.send(body);
  await expect.poll(() => app.of('/refused', 'message').length).toBe(3);
  const exited = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  expect((await client.closed).code).toBe(1001);
  expect(await exited).toBe(0);
  expect(app.of('/refused', 'closed')).toHaveLength(1);
}

describe('the gateway goes on', () => {
  test('when whoever reads its standard output has gone', async () => {
    const app = new RecordingApp();
    const child = await start('pipe', { PORT: '0', WEBHOOK_BASE_URL: await app.listen() });
    const url = await new Promise<string>((resolve) => {
      if (child.stdout === null) throw new Error('There is no pipe.');
      createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line).webSocket));
    });
    child.stdout?.destroy();
    await expectItGoesOn(child, app, url.replace(/\/$/, ''));
    await app.stop();
  });

  test.runIf(process.platform === 'linux')('when its standard output is on a disk that is full', async () => {
    const app = new RecordingApp();
    const full = openSync('/dev/full', 'w');
    const port = await freePort();
    const child = await start(full, { PORT: String(port), WEBHOOK_BASE_URL: await app.listen() });
    closeSync(full);
    await expectItGoesOn(child, app, `ws://127.0.0.1:${port}`);
    await app.stop();
  });
});

/** Takes a text when it is let. */
class SlowStream extends Writable {
  text = '';
  readonly #held: (() => void)[] = [];

  override _write(chunk: unknown, _: unknown, done: () => void): void {
    this.#held.push(() => {
      this.text += String(chunk);
      done();
    });
  }

  /** Takes all that waits. */
  async read(): Promise<void> {
    while (this.writableLength > 0) {
      this.#held.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

describe('what a slow reader has not read', () => {
  test('is kept up to 1 MiB, and not a character more', async () => {
    const stream = new SlowStream({ highWaterMark: 1 });
    const output = new StreamOutput(stream);
    expect(output.write('x'.repeat(1_048_575))).toBe(true);
    expect(output.write('yy')).toBe(false);
    expect(output.write('z')).toBe(true);
    expect(output.write('q')).toBe(false);
    await stream.read();
    expect(stream.text).toBe(`${'x'.repeat(1_048_575)}z`);
    expect(output.write('q')).toBe(true);
  });

  test('is told to it by its number, before the next line that it gets', async () => {
    const stream = new SlowStream();
    const log = createLog(new StreamOutput(stream), () => 0);
    for (let at = 0; at < 2_000; at++) log.warn('full', { at, text: 'x'.repeat(1_000) });
    await stream.read();
    const kept = linesOf(stream.text).length;
    log.warn('after', {});
    log.warn('last', {});
    await stream.read();
    expect(kept).toBeGreaterThan(900);
    expect(kept).toBeLessThan(1_048);
    expect(linesOf(stream.text).slice(kept)).toEqual([
      { time, level: 'warn', event: 'log_lines_lost', lines: 2_000 - kept },
      { time, level: 'warn', event: 'after' },
      { time, level: 'warn', event: 'last' },
    ]);
  });
});

const time = '1970-01-01T00:00:00.000Z';

function linesOf(text: string): Record<string, unknown>[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line));
}

/** Logs under a limit on the size of files, which stands for a full disk, and makes room after three lines. */
const writer = `
import { truncateSync } from 'node:fs';
import { createLog } from '${join(process.cwd(), 'functions/local/log.ts')}';
import { FileOutput } from '${join(process.cwd(), 'functions/local/log-output.ts')}';

const log = createLog(new FileOutput(1), () => 0);
for (let at = 0; at < 3; at++) log.info('full', { text: 'x'.repeat(2_000) });
truncateSync(process.argv[2], 150);
log.info('room', {});
`;

describe('a log whose disk is full', () => {
  test('says how many lines were lost once there is room, and joins no line to half of another', async () => {
    const file = join(root, 'log.txt');
    const script = join(root, 'write.ts');
    writeFileSync(script, writer);
    const output = openSync(file, 'a');
    const command = 'ulimit -f 1 && exec "$0" --import tsx "$@"';
    const child = spawn('sh', ['-c', command, process.execPath, script, file], {
      env: { PATH: process.env['PATH'], TSX_DISABLE_CACHE: '1' },
      stdio: ['ignore', output, 'inherit'],
    });
    closeSync(output);
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    const [torn, ...after] = readFileSync(file, 'utf8').split('\n');
    expect(torn).toMatch(/^\{"time":.*x$/);
    expect(linesOf(after.join('\n'))).toEqual([
      { time, level: 'warn', event: 'log_lines_lost', lines: 3 },
      { time, level: 'info', event: 'room' },
    ]);
  });

  test.runIf(process.platform === 'linux')('drops each text until it can be written', () => {
    const full = openSync('/dev/full', 'w');
    const output = new FileOutput(full);
    expect([output.write('a\n'), output.write('b\n')]).toEqual([false, false]);
    closeSync(full);
  });
});
