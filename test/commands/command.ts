import { copyFile, mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { bundleBin } from '../../infra/build/bundle-bin.ts';
import type { GatewayWorld } from '../contract/gateway/world.ts';
import { ChildApp, type Environment } from '../support/child-app.ts';

/** Beside the dependencies of the project, so that the bundle finds those that it does not have in it. */
const folder = resolve('node_modules/.cache/sockethook-commands', String(process.pid));

/** What a command did. */
export interface Ran {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** The command `sockethook` as the package has it. */
export class CommandLine {
  readonly #bin: string;

  private constructor(bin: string) {
    this.#bin = bin;
  }

  static async build(): Promise<CommandLine> {
    await mkdir(folder, { recursive: true });
    await copyFile('package.json', `${folder}/package.json`);
    await bundleBin(`${folder}/dist`);
    return new CommandLine(`${folder}/dist/bin.js`);
  }

  /** Runs a line of a shell, in which `sockethook` is the command. The code is that of its last command. */
  async shell(script: string, environment: Environment): Promise<Ran> {
    const whole = `sockethook() { '${process.execPath}' '${this.#bin}' "$@"; }\n${script}`;
    const child = new ChildApp('bash', ['--norc', '-c', whole], environment);
    const [code] = await child.ended;
    return { code, output: child.output, errors: child.errors };
  }

  /** Runs it to its end. `input` is its standard input. */
  async run(args: readonly string[], environment: Environment, input?: string): Promise<Ran> {
    const child = this.begin(args, environment, input);
    const [code] = await child.ended;
    return { code, output: child.output, errors: child.errors };
  }

  /** Begins to run it. */
  begin(args: readonly string[], environment: Environment, input?: string): ChildApp {
    return new ChildApp(process.execPath, [this.#bin, ...args], environment, {
      ...(input === undefined ? {} : { input }),
    });
  }
}

/** The app's variables for a gateway under test. */
export function variablesOf(world: GatewayWorld): Record<string, string> {
  const url = new URL(world.at('/'));
  return {
    SOCKETHOOK_API_URL: world.api.url,
    SOCKETHOOK_API_KEY: world.api.key,
    SOCKETHOOK_WEBSOCKET_URL: `${url.origin}${url.pathname}`,
    SOCKETHOOK_URL_KEY: world.urlKeys[0] ?? '',
  };
}
