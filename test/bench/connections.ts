import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Bench } from './bench.ts';
import { whole } from './report/markdown.ts';
import { sdkQuiet } from './servers/handler-environment.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('./signing.ts', import.meta.url));
/** The lines that the script prints: calls per second of CPU, by client; the time of a signature, by signer. */
const rateLine = /^(\d+) calls per CPU-second \| (.+)$/gm;
const signatureLine = /^([\d.]+) µs a signature \| (.+)$/gm;

/** POST to @connections by our own signer and by the SDK's client, as `signing.ts` measures it. */
export const connections: Bench = {
  name: 'signing',
  run: async ({ isQuick }) => {
    // Code that has run for less than a second or two is not compiled yet.
    const [seconds, rounds] = isQuick ? [0.5, 3] : [2, 5];
    const args = ['--import', import.meta.resolve('tsx'), script, String(seconds), String(rounds)];
    const env = { PATH: process.env['PATH'], ...sdkQuiet };
    const { stdout } = await run(process.execPath, args, { env });
    const rates = [...stdout.matchAll(rateLine)].map(([, rate, name = '']) => ({ name, rate: Number(rate) }));
    const signatures = [...stdout.matchAll(signatureLine)].map(([, cost = '', name = '']) => [name, cost]);
    const ours = rates.find(({ name }) => name === 'SignedConnections');
    return {
      rounds,
      tables: [
        {
          title: 'POST to @connections, 256 under way',
          head: ['', 'calls per CPU-second', 'CPU µs per call'],
          rows: rates.map(({ name, rate }) => [name, whole(rate), (1e6 / rate).toFixed(1)]),
        },
        { title: 'One signature', head: ['', 'CPU µs'], rows: signatures },
      ],
      targets: [{ what: 'calls per CPU-second', measured: ours?.rate ?? 0, min: 15_000 }],
    };
  },
};
