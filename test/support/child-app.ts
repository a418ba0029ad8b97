import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** How an app ended: its exit code, or the signal that killed it. */
type Ending = [code: number | null, signal: NodeJS.Signals | null];

/** Variables of an app's environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where an app runs, and its standard input, which is empty by default. */
interface ChildOptions {
  readonly cwd?: string;
  /**
   * Whether the app and its children form a separate process group, which `stop` ends as a whole and Ctrl+C does not
   * reach.
   */
  readonly ownGroup?: boolean;
  readonly input?: string;
}

/** How long an app may take to start. Shorter than the timeout of a vitest hook, so that no app is left behind. */
const startMs = 15_000;

/** An app in a separate process. Of this process's environment it gets only the PATH. */
export class ChildApp {
  /** Its standard output so far. */
  output = '';
  /** Its standard error so far. */
  errors = '';
  /** Both streams so far, in order of arrival. */
  written = '';
  /** Resolves when it has ended and all its output has arrived. Rejects if it could not be started. */
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcess;
  readonly #ownGroup: boolean;

  /** Runs a command without waiting for anything. */
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
   * Runs a command. Resolves once its standard output matches `listening`; by default, once it contains that word. If
   * it ends before or takes too long, stops it and rejects with its output.
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

  /** Whether it was started and has not ended. */
  get isRunning(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /** Resolves once its standard output contains a text. Rejects with its output if it ends before. */
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

  /** Sends a signal to this process only. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /**
   * Ends this process, or its group, with a SIGTERM, and waits until it has exited. After `killAfterMs` milliseconds it
   * is killed. Resolves to its exit code; null if a signal killed it; undefined if it was not running.
   */
  async stop(killAfterMs: number = Number.POSITIVE_INFINITY): Promise<number | null | undefined> {
    if (!this.isRunning) return undefined;
    const exited = once(this.#child, 'exit');
    this.#end('SIGTERM');
    const timer = Number.isFinite(killAfterMs)
      ? setTimeout(() => this.#end('SIGKILL'), killAfterMs)
      : undefined;
    await exited;
    clearTimeout(timer);
    return this.#child.exitCode;
  }

  #end(signal: NodeJS.Signals): void {
    if (this.#ownGroup) process.kill(-(this.#child.pid ?? Number.NaN), signal);
    else this.#child.kill(signal);
  }
}
