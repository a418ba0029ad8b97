import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import type { FunctionName } from '../../infra/aws/function-needs.ts';
import { functionNames } from '../aws/bundles.ts';
import { esbuildOptions } from '../aws/esbuild-options.ts';
import { type LambdaNode, lambdaNode } from './lambda-node.ts';
import type { Ran, Run } from './runtime.ts';
import { hold, type Share } from './share.ts';

/** A line of a function's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly event: string };

/** How a function is run. */
export interface FunctionSettings {
  readonly functionName: FunctionName;
  readonly memoryMb: number;
  /** In milliseconds. */
  readonly timeoutMs: number;
  readonly environment: Readonly<Record<string, string>>;
}

let node: LambdaNode | undefined;
let bundled: Promise<string> | undefined;

/** A bundled handler in a process that has the CPU and the memory of a Lambda of its size. */
export class LimitedFunction {
  /** What it has logged. */
  readonly lines: LogLine[] = [];
  readonly #settings: FunctionSettings;
  readonly #child: ChildProcess;
  readonly #share: Share;
  readonly #ended: Promise<void>;

  private constructor(settings: FunctionSettings, child: ChildProcess, pid: number) {
    this.#settings = settings;
    this.#child = child;
    this.#share = hold(pid, settings.memoryMb);
    this.#ended = new Promise((resolve) => child.once('exit', () => resolve()));
    if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => this.#log(line));
  }

  /** Starts one, cold: nothing of it is loaded yet. */
  static async start(settings: FunctionSettings): Promise<LimitedFunction> {
    node ??= lambdaNode();
    bundled ??= bundle(node);
    const folder = await bundled;
    const { memoryMb } = settings;
    const child = fork(join(folder, 'runtime.mjs'), [join(folder, `${settings.functionName}.mjs`)], {
      execPath: node.file,
      // As Lambda's own runtime starts Node.js.
      execArgv: [
        `--max-old-space-size=${Math.floor(memoryMb * 0.9)}`,
        `--max-semi-space-size=${Math.floor(memoryMb * 0.05)}`,
      ],
      env: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb), ...settings.environment },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    if (child.pid === undefined) throw new Error('The function did not start.');
    return new LimitedFunction(settings, child, child.pid);
  }

  /** Runs it once; rejects if it throws, dies or takes longer than it may. */
  async run(event: unknown): Promise<Ran> {
    this.#share.thaw();
    const { timeoutMs } = this.#settings;
    const run: Run = { event, timeoutMs };
    const ran = await new Promise<Ran>((resolve, reject) => {
      const fail = (why: string) => () => {
        this.#child.kill('SIGKILL');
        reject(new Error(why));
      };
      // The start is no part of a run.
      const timer = setTimeout(fail('The function is out of time.'), timeoutMs + 10_000);
      const died = fail('The function died.');
      this.#child.once('exit', died).once('message', (message) => {
        clearTimeout(timer);
        this.#child.off('exit', died);
        resolve(message as Ran);
      });
      this.#child.send(run);
    });
    this.#share.freeze();
    if (ran.error !== undefined) throw new Error(ran.error);
    if (ran.ms > timeoutMs) throw new Error('The function took longer than it may.');
    return ran;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    this.#share.release();
  }

  #log(line: string): void {
    this.lines.push(JSON.parse(line));
  }
}

/** As the stack does it. */
async function bundle({ version }: LambdaNode): Promise<string> {
  const outdir = await mkdtemp(join(tmpdir(), 'sockethook-lambda-'));
  const entryPoints = functionNames.map((handler) => [handler, `functions/${handler}.ts`]);
  await build({
    entryPoints: { ...Object.fromEntries(entryPoints), runtime: 'test/lambda/runtime.ts' },
    ...esbuildOptions(version.startsWith('24.') ? undefined : `node${version}`),
    ...{ outdir, outExtension: { '.js': '.mjs' } },
  });
  return outdir;
}
