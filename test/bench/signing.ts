/**
 * The cost of a POST to @connections: calls per second of CPU, with 256 in flight, 128 bytes each, over plain http with
 * kept-alive connections. The server has a separate process, and so does each way to call it, since what one leaves on
 * the heap would slow down the next.
 *
 *     node --import tsx test/bench/signing.ts [seconds per run, 2 unless given] [rounds, 3 unless given]
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import aws4 from 'aws4';
import { HttpsClient } from '../../functions/aws/client/https-client.ts';
import { ServiceKey } from '../../functions/aws/client/service-key.ts';
import { Signer } from '../../functions/aws/client/signer.ts';
import { SignedConnections } from '../../functions/aws/connections/signed-connections.ts';
import { lambdaClock as clock } from '../../functions/aws/lambda-clock.ts';
import { socketIdFrom } from '../../functions/wire/socket-id.ts';
import { portOf } from '../contract/ports/port-of.ts';
import { median } from './measure/median.ts';

type Call = () => Promise<unknown>;

const underWay = 256;
const body = 'm'.repeat(128);
const socket = socketIdFrom(Buffer.alloc(11, 7));
const path = `/prod/@connections/${encodeURIComponent(socket)}`;
const headers = { 'content-type': 'application/octet-stream' };
const caller = {
  region: 'eu-central-1',
  credentials: {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    // As long as the session token of a function's role.
    sessionToken: 'IQoJb3JpZ2luX2Vj'.repeat(60),
  },
};

/** Every way to post to the server at an address. */
const ways: Readonly<Record<string, (address: string) => Promise<Call>>> = {
  'the same without a signature': async (address) => {
    const origin = new HttpsClient(new URL(address), clock);
    return () => origin.call({ method: 'POST', path, headers, body });
  },
  SignedConnections: async (address) => {
    const signed = new SignedConnections(`${address}/prod`, caller, clock);
    return () => signed.post(socket, body);
  },
  'SdkConnections, the SDK client': async (address) => {
    const { SdkConnections } = await import('../../functions/aws/connections/sdk-connections.ts');
    const management = new SdkConnections(`${address}/prod`, caller);
    return () => management.post(socket, body);
  },
};

/** A minimal @connections: reads a request and answers 200. */
async function serve(): Promise<void> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume().on('end', () => response.writeHead(200, { 'content-length': 0 }).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.send?.(portOf(server));
}

/** Makes calls for a while. Returns how many were made per second of CPU. */
async function rate(call: Call, seconds: number): Promise<number> {
  const started = process.cpuUsage();
  const until = performance.now() + seconds * 1000;
  let calls = 0;
  const work = async (): Promise<void> => {
    while (performance.now() < until) {
      await call();
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: underWay }, work));
  const { user, system } = process.cpuUsage(started);
  return (calls * 1e6) / (user + system);
}

/** Measures one way, warm. */
async function run(way: string, address: string, seconds: number): Promise<void> {
  const call = await ways[way]?.(address);
  if (call === undefined) throw new Error(`${way} is no way to post.`);
  await rate(call, seconds / 2);
  process.send?.(await rate(call, seconds));
}

type Sign = () => unknown;

/** Ways to sign the same request. */
const signers: Readonly<Record<string, () => Sign>> = {
  'our signer': () => {
    const scope = { service: 'execute-api', region: caller.region };
    const key = new ServiceKey(caller.credentials.secretAccessKey, scope);
    const common = { host: '127.0.0.1', headers };
    const signer = new Signer(caller.credentials, key, common, clock);
    return () => signer.sign({ method: 'POST', path, body });
  },
  aws4: () => () => {
    const request = { method: 'POST', path, headers: { ...headers, host: '127.0.0.1' }, body };
    return aws4.sign({ ...request, service: 'execute-api', region: caller.region }, caller.credentials);
  },
};

/** Microseconds of CPU that one signature takes. */
function signature(sign: Sign | undefined): number {
  if (sign === undefined) throw new Error('There is no such signer.');
  const cost = (times: number): number => {
    const started = process.cpuUsage();
    for (let at = 0; at < times; at++) sign();
    const { user, system } = process.cpuUsage(started);
    return (user + system) / times;
  };
  cost(5_000);
  return cost(20_000);
}

/** Measures all ways in turn, so that other work on the machine affects each of them alike. */
async function compare(seconds: number, rounds: number): Promise<void> {
  const [server, port] = await child('serve');
  const address = `http://127.0.0.1:${port}`;
  const costs = await inTurn(rounds, Object.keys(signers), (signer) => ['sign', signer]);
  const rates = await inTurn(rounds, Object.keys(ways), (way) => ['run', way, address, String(seconds)]);
  server.kill();
  for (const [signer, cost] of costs) process.stdout.write(`${cost.toFixed(1)} µs a signature | ${signer}\n`);
  for (const [way, rate] of rates) {
    process.stdout.write(`${Math.round(rate)} calls per CPU-second | ${way}\n`);
  }
}

/** The medians of the results of processes that run this file, by name. */
async function inTurn(
  rounds: number,
  names: readonly string[],
  argsOf: (name: string) => readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const measured = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, figures] of measured) {
      const [running, figure] = await child(...argsOf(name));
      running.kill();
      figures.push(Number(figure));
    }
  }
  return new Map([...measured].map(([name, figures]) => [name, median(figures)]));
}

/** Starts this file in a new process. Resolves with its first message. */
async function child(...args: readonly string[]): Promise<readonly [ChildProcess, unknown]> {
  const started = fork(fileURLToPath(import.meta.url), args);
  const [said] = await Promise.race([once(started, 'message'), once(started, 'exit')]);
  return [started, said];
}

const [task = '2', ...rest] = process.argv.slice(2);
// So that a run that fails leaves no process behind.
process.on('disconnect', () => process.exit());
if (task === 'serve') await serve();
else if (task === 'sign') process.send?.(signature(signers[rest[0] ?? '']?.()));
else if (task === 'run') await run(rest[0] ?? '', rest[1] ?? '', Number(rest[2]));
else await compare(Number(task), Number(rest[0] ?? '3'));
