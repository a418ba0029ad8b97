import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A program that `programOf` made, in a process that may have so many descriptors; what it writes is lines of JSON. */
export interface FewDescriptors {
  readonly child: ChildProcess;
  readonly lines: Record<string, unknown>[];
  /** The first line that is like this, of those that have come or are still to come; rejects if it ends before. */
  line(isIt: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

/** Starts one, with the PATH and what is given of the environment. */
export function withDescriptors(
  max: number,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): FewDescriptors {
  const script = `ulimit -n ${max}; exec "${process.execPath}" "$@"`;
  const child = spawn('bash', ['-c', script, 'bash', ...args], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const lines: Record<string, unknown>[] = [];
  const waiters = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (text) => {
    lines.push(JSON.parse(text));
    for (const look of waiters) look();
  });
  return {
    child,
    lines,
    line: (isIt) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.find(isIt);
          if (found === undefined) return;
          waiters.delete(look);
          resolve(found);
        };
        waiters.add(look);
        void exited.then(() => reject(new Error('It has ended.')));
        look();
      }),
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
