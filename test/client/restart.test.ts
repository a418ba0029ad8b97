import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Options, ReliableSocket } from '../../sdk/client/index.ts';
import { Api } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { testSecrets } from '../support/local.ts';
import { RecordingApp } from '../support/recording-app.ts';
import { most } from './most.ts';
import { soonMs } from './soon.ts';

const crowd = 200;
const key = testSecrets.apiKeys[0] ?? '';
const app = new RecordingApp();
const running: GatewayProcess[] = [];
const sockets: ReliableSocket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  for (const gateway of running.splice(0)) gateway.kill();
  await app.stop();
});

async function start(environment: Record<string, string>): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start(environment);
  running.push(gateway);
  return gateway;
}

test('200 clients come back within 3 s of a restart of the gateway with a drain, each once; at most 40 connect in 100 ms', async () => {
  const environment = {
    PORT: String(await freePort()),
    WEBHOOK_BASE_URL: await app.listen(),
    SOCKETHOOK_API_KEYS: key,
    DRAIN_SECONDS: '5',
  };
  const first = await start(environment);
  const tries: number[] = [];
  const back: number[] = [];
  const options: Options = { WebSocket: WebSocket as never };
  for (let at = 0; at < crowd; at++) {
    const socket = new ReliableSocket(first.url, options);
    socket.onopen = () => back.push(performance.now());
    // When it is due to try. On a busy machine the whole crowd, which is in this process, may be late together.
    socket.onstatechange = ({ retryMs }) => {
      if (retryMs !== undefined) tries.push(performance.now() + retryMs);
    };
    sockets.push(socket);
  }
  const areIn = (): boolean => sockets.every(({ readyState }) => readyState === 1);
  await eventually('all are in', areIn);
  back.length = 0;
  first.signal('SIGTERM');
  expect(await first.exited).toBe(0);
  const ended = performance.now();
  const second = await start(environment);
  const restarted = performance.now();
  await eventually('all are back', areIn);
  expect(Math.max(...tries) - restarted, 'ms until the last is due to try').toBeLessThan(
    soonMs(restarted - ended),
  );
  expect(most(tries, 100), 'try to connect in 100 ms').toBeLessThanOrEqual(40);
  expect(back, 'connections').toHaveLength(crowd);
  const { json } = await new Api(second.apiUrl, key).call('GET', '/sockets?limit=1000');
  expect(json['sockets']).toHaveLength(crowd);
  if (process.env['SHOW_CROWD'] === 'true')
    process.stdout.write(`${Math.max(...tries) - restarted} ms, ${most(tries, 100)} in 100 ms\n`);
}, 60_000);
