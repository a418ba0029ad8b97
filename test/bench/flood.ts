import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Bench } from './bench.ts';
import { median } from './measure/median.ts';
import { Station } from './measure/station.ts';
import { gateway } from './subjects/gateway.ts';

const sizes = [0, 1, 131_072] as const;
const flooder = fileURLToPath(new URL('../attack/flooder.ts', import.meta.url));

/** How long `GET /health` takes while 1,000 clients flood an app that never answers, and how much memory is used. */
export const flood: Bench = {
  name: 'flood',
  run: async ({ isQuick, gatewayOptions }) => {
    const rows: string[][] = [await measured('none', undefined, isQuick ? 500 : 2_000, gatewayOptions)];
    for (const bytes of sizes)
      rows.push(await measured(`${bytes} bytes`, bytes, isQuick ? 1_500 : 6_000, gatewayOptions));
    return {
      rounds: 1,
      tables: [
        {
          title: '1,000 clients that flood, by the bytes of a frame',
          head: ['', '/health, median ms', 'p99 ms', 'most ms', 'calls', 'most memory, MB'],
          rows,
        },
      ],
      targets: sizes.map((bytes, at) => ({
        what: `memory with frames of ${bytes} bytes, MB`,
        measured: Number(rows[at + 1]?.at(-1)),
        max: 600,
      })),
    };
  },
};

async function measured(
  name: string,
  bytes: number | undefined,
  ms: number,
  options: readonly string[],
): Promise<string[]> {
  const station = await Station.start(gateway(options), 'silence');
  const { port } = new URL(station.running.url);
  const crowd = bytes === undefined ? undefined : spawnFlooder(port, bytes);
  try {
    if (crowd !== undefined) await once(crowd.stdout, 'data');
    const times: number[] = [];
    let memory = 0;
    for (const until = performance.now() + ms; performance.now() < until; ) {
      const begun = performance.now();
      const answer = await fetch(`http://127.0.0.1:${port}/health`);
      await answer.text();
      times.push(performance.now() - begun);
      memory = Math.max(memory, (await station.running.usage()).rssBytes);
    }
    const sorted = times.sort((one, other) => one - other);
    const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
    const figures = [median(sorted), p99, sorted.at(-1) ?? Number.NaN].map((time) => time.toFixed(1));
    return [name, ...figures, String(times.length), (memory / 1e6).toFixed(0)];
  } finally {
    crowd?.kill('SIGKILL');
    await station.stop();
  }
}

function spawnFlooder(port: string, bytes: number) {
  const args = ['--import', 'tsx', flooder, port, '1000', String(bytes)];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}
