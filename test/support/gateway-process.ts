import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { eventually } from './eventually.ts';
import { programOf } from './program.ts';
import { runtime } from './runtime.ts';

type Line = Readonly<Record<string, unknown>>;

/** The gateway as `npm start` runs it, in a process of its own, and the lines that it has logged. */
export class GatewayProcess {
  readonly lines: Line[] = [];
  /** Its exit code, once it has ended. */
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.exited = new Promise((resolve) => child.once('close', resolve));
    if (child.stdout !== null)
      createInterface({ input: child.stdout }).on('line', (line) => this.lines.push(JSON.parse(line)));
  }

  /** Starts one on a free port, with a folder of its own. Resolves once it serves. */
  static async start(environment: Readonly<Record<string, string>>): Promise<GatewayProcess> {
    const child = spawn(runtime, [await programOf('infra/local/start.ts')], {
      env: {
        ...{ PATH: process.env['PATH'], PORT: '0', SOCKETHOOK_DIR: freshFolder() },
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const started = new GatewayProcess(child);
    await eventually('it serves', () => started.of('started').length > 0);
    return started;
  }

  /** Where clients connect, with the last slash. */
  get url(): string {
    return String(this.of('started')[0]?.['webSocket']);
  }

  /** The URL of its HTTP API. */
  get apiUrl(): string {
    return String(this.of('started')[0]?.['api']);
  }

  /** The lines of an event. */
  of(event: string): Line[] {
    return this.lines.filter((line) => line['event'] === event);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends it at once, if it still runs. */
  kill(): void {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
  }
}

/** A folder for secrets and hooks that nobody else has. */
export function freshFolder(): string {
  return mkdtempSync(join(tmpdir(), 'sockethook-'));
}
