import { createHmac } from 'node:crypto';
import { readFileSync, renameSync, rmSync, unwatchFile, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { followSecrets } from '../../functions/local/follow-secrets.ts';
import { secretTexts } from '../../functions/local/secrets-file.ts';
import { has } from '../readme/has.ts';
import { Api } from '../support/api.ts';
import { ChildApp } from '../support/child-app.ts';
import { type Client, connect } from '../support/client.ts';
import type { ReceivedHook } from '../support/conform-hook.ts';
import { eventually } from '../support/eventually.ts';
import { freePort, isFree } from '../support/free-port.ts';
import { freshFolder, GatewayProcess } from '../support/gateway-process.ts';
import { programOf } from '../support/program.ts';
import { RecordingApp } from '../support/recording-app.ts';
import { RecordingLog } from '../support/recording-log.ts';

const fresh = {
  apiKeys: ['n'.repeat(48)],
  webhookSecrets: [`whsec_${Buffer.alloc(32, 'n').toString('base64')}`],
  urlKeys: ['n'.repeat(48)],
};

let app: RecordingApp;
let folder: string;
let gateway: GatewayProcess;
beforeEach(() => {
  app = new RecordingApp();
  folder = freshFolder();
});
afterEach(async () => {
  vi.useRealTimers();
  gateway?.kill();
  await app.stop();
  rmSync(folder, { recursive: true });
});

async function start(environment: Record<string, string> = {}): Promise<void> {
  const base = await app.listen();
  gateway = await GatewayProcess.start({ WEBHOOK_BASE_URL: base, SOCKETHOOK_DIR: folder, ...environment });
}

const file = (): string => join(folder, 'secrets.json');

/** Replaces the file in one step, as careful programs do. */
function write(text: string): void {
  writeFileSync(`${file()}.new`, text);
  renameSync(`${file()}.new`, file());
}

const mayCall = async (key = ''): Promise<boolean> => {
  const { status } = await new Api(gateway.apiUrl, key).call('GET', '/sockets');
  return status === 200;
};

/** Sends a numbered message every few milliseconds until it is told to stop. Resolves to how many it has sent. */
function talk(client: Client): () => number {
  let sent = 0;
  const timer = setInterval(() => client.send(`m${sent++}`), 2);
  return () => {
    clearInterval(timer);
    return sent;
  };
}

/** Whether a hook has a signature of this secret. */
function isSignedBy({ headers, raw }: ReceivedHook, secret: string): boolean {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${raw}`;
  const ours = createHmac('sha256', key).update(signed).digest('base64');
  return String(headers['webhook-signature']).split(' ').includes(`v1,${ours}`);
}

test('secrets that are rotated under traffic cut no socket and lose no message', async () => {
  await start();
  const old = JSON.parse(readFileSync(file(), 'utf8'));
  const clients = await Promise.all(Array.from({ length: 10 }, () => connect(`${gateway.url}talk`)));
  const stops = clients.map(talk);
  const told = () => app.of('/talk', 'message');
  await eventually('messages flow', () => told().length > 100);
  const both = Object.fromEntries(
    Object.entries(fresh).map(([list, keys]) => [list, [...keys, ...old[list]]]),
  );
  write(JSON.stringify(both));
  await eventually('the file is read', () => gateway.of('secrets_read').length === 1);
  expect(gateway.of('secrets_read')).toMatchObject([{ changed: 'apiKeys,webhookSecrets,urlKeys' }]);
  expect([await mayCall(fresh.apiKeys[0]), await mayCall(old.apiKeys[0])], 'both keys').toEqual([true, true]);
  write(JSON.stringify(fresh));
  gateway.signal('SIGHUP');
  await eventually('the old key is refused', async () => !(await mayCall(old.apiKeys[0])));
  const since = told().length;
  await eventually('messages flow on', () => told().length > since + 100);
  const sent = stops.map((stop) => stop()).reduce((all, one) => all + one, 0);
  await eventually('each is told', () => told().length === sent);
  expect(clients.map(({ ws }) => ws.readyState)).toEqual(Array(10).fill(1));
  expect(app.of('/talk', 'handshake')).toHaveLength(10);
  const [first, last] = [told()[0], told().at(-1)];
  const signedBy = (secret = '') =>
    [first, last].map((hook) => hook !== undefined && isSignedBy(hook, secret));
  expect(signedBy(old.webhookSecrets[0]), 'the old secret').toEqual([true, false]);
  expect(signedBy(fresh.webhookSecrets[0]), 'the new secret').toEqual([false, true]);
  expect(JSON.stringify(gateway.lines)).not.toContain('nnnn');
});

test.for([
  { what: 'is malformed', spoil: () => write('{ "apiKeys": [] }') },
  { what: 'is gone', spoil: () => rmSync(file()) },
])('a file that $what changes no secret, and the log says so', async ({ spoil }) => {
  await start();
  const old = readFileSync(file(), 'utf8');
  spoil();
  await eventually('it is noticed', () => gateway.of('secrets_unusable').length > 0);
  expect(await mayCall(JSON.parse(old).apiKeys[0])).toBe(true);
  expect(gateway.of('secrets_unusable')[0]?.['why']).toContain(file());
  expect(gateway.of('secrets_read')).toEqual([]);
  write(JSON.stringify(fresh));
  await eventually('a good one is read', () => gateway.of('secrets_read').length > 0);
  expect(await mayCall(fresh.apiKeys[0])).toBe(true);
});

test('lists from the environment need a restart, and SIGHUP says so', async () => {
  const key = 'api-key-of-environment';
  await start({ SOCKETHOOK_API_KEYS: key });
  write(JSON.stringify(fresh));
  gateway.signal('SIGHUP');
  await eventually('it is read', () => gateway.of('secrets_need_restart').length > 0);
  expect(gateway.of('secrets_read')).toMatchObject([{ changed: 'webhookSecrets,urlKeys' }]);
  expect(gateway.of('secrets_need_restart')[0]).toMatchObject({
    level: 'warn',
    lists: 'SOCKETHOOK_API_KEYS',
  });
  expect([await mayCall(key), await mayCall(fresh.apiKeys[0])]).toEqual([true, false]);
});

/** Replaces the secrets as soon as the gateway listens, which is before it follows them, and sends it a SIGHUP. */
const rotation = `
import { writeFileSync } from 'node:fs';
import { Server } from 'node:net';
const owner = globalThis.Bun ?? Server.prototype;
const { listen } = owner;
owner.listen = function (...given) {
  writeFileSync(process.env.SOCKETHOOK_DIR + '/secrets.json', process.env.FRESH);
  if (process.env.ASKS) process.kill(process.pid, 'SIGHUP');
  return listen.apply(this, given);
};`;

test.for(['', 'yes'])('secrets that change while the gateway starts count (SIGHUP: %o)', async (asks) => {
  const program = join(folder, 'rotation.mjs');
  writeFileSync(program, rotation);
  const options = { NODE_OPTIONS: `--import ${program}`, BUN_OPTIONS: `--preload ${program}` };
  await start({ ...options, FRESH: JSON.stringify(fresh), ASKS: asks });
  await eventually('they count', () => mayCall(fresh.apiKeys[0]));
  expect(gateway.of('secrets_read')[0]).toMatchObject({ changed: 'apiKeys,webhookSecrets,urlKeys' });
});

test.skipIf(!has('script'))(
  'a gateway whose terminal has gone ends, and takes its SIGHUP for nothing else',
  async () => {
    const [port, program] = [await freePort(), await programOf('infra/local/start.ts')];
    const variables = {
      PORT: String(port),
      WEBHOOK_BASE_URL: 'http://127.0.0.1:1/a',
      SOCKETHOOK_DIR: folder,
    };
    const line = `echo pid=$$; exec '${process.execPath}' '${program}'`;
    const terminal = new ChildApp('script', ['--quiet', '--command', line, '/dev/null'], variables);
    await terminal.says('Your app');
    const pid = Number(/pid=(\d+)/.exec(terminal.output)?.[1]);
    onTestFinished(() => void (isThere(pid) && process.kill(pid, 'SIGKILL')));
    expect([isThere(pid), await isFree(port)]).toEqual([true, false]);
    terminal.signal('SIGKILL');
    await eventually('it has ended', () => isFree(port));
  },
);

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a start without a change reminds nobody of a restart', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  const sources = { apiKeys: fresh.apiKeys, webhookSecrets: undefined, urlKeys: undefined, folder };
  const log = new RecordingLog();
  followSecrets(sources, secretTexts(sources), { replaceSecrets: () => {} }, log, () => {});
  expect(vi.getTimerCount(), 'looks').toBe(1);
  vi.runAllTimers();
  expect(log.lines).toEqual([]);
  unwatchFile(file());
});
