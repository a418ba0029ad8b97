import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { connect } from '../support/client.ts';
import { startLocal, testSecrets } from '../support/local.ts';
import { actions } from '../support/recording-app.ts';
import { doc } from './page.ts';

test('the browser code for clients connects, sends, hears and pings, and stops its timer', async () => {
  const world = await startLocal();
  world.app.on('/room/1', ({ fields }) =>
    fields['event'] === 'message' ? actions({ reply: 'hi', close: true }) : 204,
  );
  const [program = ''] = doc('clients').code('Connecting', 'js');
  const [pings = ''] = doc('clients').code('Messages and pings', 'js');
  const said: unknown[][] = [];
  const timers: { task: () => void; ms: number }[] = [];
  const cleared: unknown[] = [];
  const closed = new Promise<void>((resolve) => {
    const here = program.replace('ws://localhost:8080', world.url);
    const run = new Function('WebSocket', 'console', 'setInterval', 'clearInterval', `${here}${pings}`);
    const log = (...args: unknown[]): void => {
      said.push(args);
    };
    const start = (task: () => void, ms: number): object => {
      timers.push({ task, ms });
      return timers;
    };
    run(WebSocket, { log }, start, (timer: unknown) => {
      cleared.push(timer);
      resolve();
    });
  });
  await closed;
  expect(said).toEqual([['hi'], [1000, '']]);
  expect(cleared).toEqual([timers]);
  expect(timers.map(({ ms }) => ms < 600_000)).toEqual([true]);
  await world.stop();
});

test('the ping of the browser code keeps a socket open and becomes no hook', async () => {
  const world = await startLocal({}, { idleMs: 1_500 });
  const [pings = ''] = doc('clients').code('Messages and pings', 'js');
  const socket = new WebSocket(`${world.url}/pinging`);
  const opened = new Promise<void>((resolve) => socket.once('open', () => resolve()));
  let pinged = 0;
  const often = (task: () => void): NodeJS.Timeout =>
    setInterval(() => {
      if (socket.readyState !== WebSocket.OPEN) return;
      task();
      pinged += 1;
    }, 50);
  new Function('socket', 'setInterval', 'clearInterval', pings)(socket, often, clearInterval);
  await opened;
  await expect.poll(() => pinged, { timeout: 10_000 }).toBeGreaterThan(60);
  expect(socket.readyState).toBe(WebSocket.OPEN);
  expect(world.app.of('/pinging', 'message')).toEqual([]);
  socket.terminate();
  await world.stop();
});

test('the published JavaScript library verifies hooks in JSON as the page shows', async () => {
  const world = await startLocal({ WEBHOOK_FORMAT: 'json' });
  const { Webhook } = await import('standardwebhooks');
  const [shown = ''] = doc('your-app').code('Verifying hooks', 'js');
  expect(shown).toContain("import { Webhook } from 'standardwebhooks';");
  const body = `${shown.replace(/^import .*$/m, '')}\nreturn hook;`;
  const verify = new Function('Webhook', 'process', 'rawBody', 'request', body);
  const env = { SOCKETHOOK_WEBHOOK_SECRET: testSecrets.webhookSecrets[0] };
  const client = await connect(`${world.url}/here`);
  const { raw, headers } = await world.app.hook('/here', 'handshake');
  expect(verify(Webhook, { env }, raw, { headers })).toMatchObject({ event: 'handshake', path: '/here' });
  expect(() => verify(Webhook, { env }, `${raw} `, { headers })).toThrow();
  await client.close();
  await world.stop();
});
