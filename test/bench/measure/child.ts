import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Question, Reply } from './questions.ts';

/** A program of a bench, and what it starts with. Its environment is the PATH and the given variables. */
export interface Program {
  readonly file: URL;
  readonly env?: Readonly<Record<string, string>>;
  /** Options for Node.js itself. */
  readonly nodeOptions?: readonly string[];
  /** Whether Bun runs it. */
  readonly isOnBun?: boolean;
}

const meter = new URL('./meter.ts', import.meta.url).href;

/** The command that is Bun. */
export const bun = fileURLToPath(new URL('../../../node_modules/.bin/bun', import.meta.url));

/** A metered program in a separate process of Node.js or Bun, which answers questions. */
export class Child {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  #asked = 0;

  constructor({ file, env = {}, nodeOptions = [], isOnBun = false }: Program) {
    const onNode = ['--expose-gc', ...nodeOptions, '--import', import.meta.resolve('tsx'), '--import', meter];
    const [runtime, options] = isOnBun
      ? [bun, ['--expose-gc', '--preload', fileURLToPath(meter)]]
      : [process.execPath, onNode];
    this.#process = spawn(runtime, [...options, fileURLToPath(file)], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#process.on('message', (reply: Reply) => this.#settle(reply));
    this.#process.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`${file.pathname} ended with ${code ?? signal}.`));
      this.#waiting.clear();
    });
  }

  /** Asks the program a question. Rejects with the program's own error, or if it ends before it answers. */
  ask<Answer>(question: string, argument?: unknown): Promise<Answer> {
    this.#asked += 1;
    const id = this.#asked;
    const asked: Question = { id, question, argument };
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: (given) => resolve(given as Answer), reject });
      this.#process.send(asked, (error) => error !== null && reject(error));
    });
  }

  /** Ends it with a SIGTERM and waits. Kills it if it takes longer than its clean-up may take. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill();
    await Promise.race([exited, sleep(5_000, undefined, { ref: false })]);
    this.#process.kill('SIGKILL');
    await exited;
  }

  #settle({ id, answer, fault: error }: Reply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(answer);
    else waiting?.reject(new Error(error));
  }
}
