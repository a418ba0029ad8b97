import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Bench } from './bench.ts';
import { sdkQuiet } from './servers/door-environment.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('./signing.ts', import.meta.url));
/** A line of the script: calls a second of CPU (the best), CPU µs per call, who made them. */
const line = /^\s*([\d,]+) \([\d,]+\) \|\s*([\d.]+) \| (.+)$/gm;

/** POST to @connections by our own signer and by the SDK's client, as `signing.ts` measures it. */
export const connections: Bench = {
  name: 'signing',
  run: async ({ isQuick }) => {
    const args = ['--import', import.meta.resolve('tsx'), script, isQuick ? '0.5' : '2'];
    const env = { PATH: process.env['PATH'], ...sdkQuiet };
    const { stdout } = await run(process.execPath, args, { env });
    const rows = [...stdout.matchAll(line)].map(([, rate = '', cost = '', name = '']) => [name, rate, cost]);
    const ours = rows.find(([name]) => name === 'SignedConnections')?.[1] ?? '';
    return {
      tables: [
        {
          title: 'POST to @connections, 256 under way',
          head: ['', 'calls per CPU-second', 'CPU µs per call'],
          rows,
        },
      ],
      targets: [{ what: 'calls per CPU-second', measured: Number(ours.replaceAll(',', '')), least: 15_000 }],
    };
  },
};
