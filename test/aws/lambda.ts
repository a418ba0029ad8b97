import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { bundleOf, type HandlerName, timeoutMs } from './bundles.ts';
import type { Freeze, Ran, Run } from './lambda-runtime.ts';

/** A line of a function's log. */
export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** A bundled handler in a thread of its own, with its own environment; it can be killed at any moment, as Lambda can. */
export class Lambda {
  /** What it has logged. */
  readonly lines: LogLine[] = [];
  readonly #name: HandlerName;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #running = new Map<number, (ran: Ran) => void>();
  #worker: Promise<Worker> | undefined;
  #runs = 0;

  constructor(name: HandlerName, environment: Readonly<Record<string, string>>) {
    this.#name = name;
    this.#environment = environment;
  }

  /** Runs it once, in a fresh thread if there is none; rejects if it throws, is killed or takes longer than it may. */
  async invoke(event: unknown, maxMs = timeoutMs(this.#name)): Promise<unknown> {
    this.#worker ??= this.#start();
    const worker = await this.#worker;
    this.#runs += 1;
    const run: Run = { id: this.#runs, event, timeoutMs: maxMs };
    const timer = setTimeout(() => void this.kill(), maxMs);
    const ran = await new Promise<Ran>((resolve) => {
      this.#running.set(run.id, resolve);
      worker.postMessage(run);
    });
    clearTimeout(timer);
    if ('error' in ran) throw new Error(ran.error);
    return ran.value;
  }

  /** So many milliseconds go by while it does not run: what it remembers is older. */
  async freeze(frozenMs: number): Promise<void> {
    if (this.#running.size > 0) return;
    const freeze: Freeze = { frozenMs };
    (await this.#worker)?.postMessage(freeze);
  }

  /** Ends it where it stands. */
  async kill(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await (await worker)?.terminate();
  }

  async #start(): Promise<Worker> {
    const worker = new Worker(new URL(await bundleOf('runtime')), {
      workerData: { handler: await bundleOf(this.#name) },
      env: { ...this.#environment },
      stdout: true,
    });
    createInterface({ input: worker.stdout }).on('line', (line) => this.lines.push(JSON.parse(line)));
    worker.on('message', (ran: Ran) => {
      this.#running.get(ran.id)?.(ran);
      this.#running.delete(ran.id);
    });
    let why = 'The function was killed.';
    worker.on('error', (error) => {
      why = String(error);
    });
    worker.on('exit', () => this.#died(why));
    return worker;
  }

  #died(error: string): void {
    this.#worker = undefined;
    for (const [id, tell] of this.#running) tell({ id, error });
    this.#running.clear();
  }
}
