import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChildApp } from '../support/child-app.ts';
import type { Bench } from './bench.ts';
import { bun } from './measure/child.ts';
import { median } from './measure/median.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const executable = `${root}dist/sockethook`;
const [noApp, startFile] = ['http://127.0.0.1:1/hooks', `${root}infra/local/start.ts`];

/** A way to start the gateway: its name, and the command. */
type Way = readonly [name: string, command: string, ...args: string[]];

const onNode = ['--import', `${root}infra/local/typescript.js`, startFile];
const ways: readonly Way[] = [
  ['npm start, on Node.js', process.execPath, ...onNode],
  ['npm run start:bun', bun, startFile],
  ['executable', executable],
];

/** How long the gateway takes from the start of its process until it has logged that it listens. */
export const startup: Bench = {
  name: 'startup',
  run: async ({ rounds }) => {
    if (!existsSync(executable)) {
      const build = ['--import', import.meta.resolve('tsx'), `${root}infra/build/build-binary.ts`];
      execFileSync(process.execPath, build, { cwd: root, stdio: 'ignore' });
    }
    // Each opens its store of the start before, as a gateway that is restarted does.
    const folders = ways.map(() => mkdtempSync(join(tmpdir(), 'sockethook-bench-')));
    const times = ways.map((): number[] => []);
    try {
      // The first start reads the program from the disk, and is not measured.
      for (let round = 0; round <= rounds; round++) {
        for (const [at, way] of ways.entries()) {
          const ms = await startMs(way, folders[at] ?? '');
          if (round > 0) times[at]?.push(ms);
        }
      }
    } finally {
      for (const folder of folders) rmSync(folder, { recursive: true });
    }
    const measured = median(times.at(-1) ?? []);
    return {
      tables: [
        {
          title: 'From the start of the process to the line `started`',
          head: ['', 'ms', 'fastest', 'slowest'],
          rows: ways.map(([name], at) => {
            const own = times[at] ?? [];
            return [name, ...[median(own), Math.min(...own), Math.max(...own)].map((ms) => ms.toFixed(0))];
          }),
        },
      ],
      targets: [{ what: 'executable, ms until it listens', measured, max: 100 }],
    };
  },
};

/** Starts the gateway once, and ends it. */
async function startMs([, command, ...args]: Way, folder: string): Promise<number> {
  const env = { HOST: '127.0.0.1', PORT: '0', WEBHOOK_BASE_URL: noApp, SOCKETHOOK_DIR: folder };
  const from = performance.now();
  const gateway = await ChildApp.start(command, args, env, { listening: /"event":"started"/ });
  const ms = performance.now() - from;
  await gateway.stop(5_000);
  return ms;
}
