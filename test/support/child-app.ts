import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** How an app ended: its exit code, or the signal that ended it. */
type Ending = [code: number | null, signal: NodeJS.Signals | null];

/** Variables of an app's environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where an app runs, and what it reads from its standard input; nothing unless told. */
interface ChildOptions {
  readonly cwd?: string;
  /** Whether it and all that it starts are a group of their own, which Ctrl+C does not reach and `stop` ends as a whole. */
  readonly ownGroup?: boolean;
  readonly input?: string;
}

/** How long an app may take until it listens; less than a hook of vitest may, so that no app is left behind. */
const startMs = 15_000;

/** An app in a process of its own. Nothing of this process's environment is passed on to it but the PATH. */
export class ChildApp {
  /** What it has written so far to its standard output. */
  output = '';
  /** What it has written so far to its standard error. */
  errors = '';
  /** What it has written so far, both streams in one. */
  written = '';
  /** Resolves when it has ended and all that it wrote is here; rejects if it could not be run. */
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcess;
  readonly #ownGroup: boolean;

  /** Runs a command, and waits for nothing. */
  constructor(command: string, args: readonly string[], env: Environment, options: ChildOptions = {}) {
    const { PATH } = process.env;
    const { cwd, ownGroup = false } = options;
    const child = spawn(command, args, { cwd, env: { PATH, ...env }, detached: ownGroup });
    this.#child = child;
    this.#ownGroup = ownGroup;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
      this.written += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
      this.written += text;
    });
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.once('close', (code, signal) => resolve([code, signal]));
    });
    this.ended.catch(() => undefined);
    child.stdin.end(options.input);
  }

  /**
   * Runs a command; resolves once its standard output matches `listening`, by default once it says that word.
   * Rejects with what it wrote if it ends before, or takes too long; it then runs no more.
   */
  static async start(
    command: string,
    args: readonly string[],
    env: Environment,
    { listening = /listening/, ...options }: ChildOptions & { readonly listening?: RegExp } = {},
  ): Promise<ChildApp> {
    const app = new ChildApp(command, args, env, options);
    const failure = await Promise.race([
      new Promise<undefined>((resolve) => {
        app.#child.stdout?.on('data', () => listening.test(app.output) && resolve(undefined));
      }),
      app.ended.then(([code, signal]) => `ended with ${code ?? signal}`),
      sleep(startMs, `does not listen after ${startMs} ms`, { ref: false }),
    ]);
    if (failure === undefined) return app;
    await app.stop();
    throw new Error(`${[command, ...args].join(' ')} ${failure}:\n${app.written}`);
  }

  /** Whether it has neither ended nor failed to run. */
  get isRunning(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /** Resolves once its standard output has a text; rejects with what it wrote if it ends before. */
  async says(text: string): Promise<void> {
    const said = new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.output.includes(text)) resolve();
      };
      this.#child.stdout?.on('data', look);
      look();
    });
    const ended = this.ended.then(() => {
      throw new Error(`It ended, and never said "${text}":\n${this.written}`);
    });
    await Promise.race([said, ended]);
  }

  /** Sends this process, and no other, a signal. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /**
   * Ends this process, or its own group, and no other, with a SIGTERM, and waits until it has exited. Resolves to its exit code,
   * null if the signal ended it, undefined if it did not run.
   */
  async stop(): Promise<number | null | undefined> {
    if (!this.isRunning) return undefined;
    const exited = once(this.#child, 'exit');
    if (this.#ownGroup) process.kill(-(this.#child.pid ?? Number.NaN), 'SIGTERM');
    else this.#child.kill();
    await exited;
    return this.#child.exitCode;
  }
}
