import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { runtime } from './runtime.ts';

/** A program made by `programOf`, in a process with few descriptors. It writes lines of JSON. */
export interface FewDescriptors {
  readonly child: ChildProcess;
  readonly lines: Record<string, unknown>[];
  /** The first line that matches, including lines that already arrived. Rejects if the program ends before. */
  line(isIt: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

/** Starts a program that may have `max` descriptors, with only the PATH and the given environment. */
export function withDescriptors(
  max: number,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): FewDescriptors {
  const script = `ulimit -n ${max}; exec "${runtime}" "$@"`;
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
