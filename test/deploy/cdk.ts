import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ChildApp, type Environment } from '../support/child-app.ts';

/** A synthesised template, as far as a test looks into it. */
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
}

/** One of its resources. */
export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** What is deployed: the stack of cdk.json, unless another app and its stack are named. */
export interface CdkTarget {
  readonly stackName: string;
  /** The command that runs the app. */
  readonly app?: string;
  /** Where the assembly stands; a folder of its own if none is given. */
  readonly folder?: string;
  /** Whether Ctrl+C is not to reach the commands. */
  readonly ownGroup?: boolean;
}

/** The command line of CDK, as a user runs it, against an AWS of the test's. */
export class Cdk {
  readonly #environment: Environment;
  readonly #folder: string;
  readonly #target: CdkTarget;
  #running: ChildApp | undefined;
  #stops = 0;

  private constructor(environment: Environment, folder: string, target: CdkTarget) {
    this.#environment = environment;
    this.#folder = folder;
    this.#target = target;
  }

  static async create(
    environment: Environment,
    target: CdkTarget = { stackName: 'Sockethook' },
  ): Promise<Cdk> {
    const folder = target.folder ?? (await mkdtemp(join(tmpdir(), 'sockethook-cdk-')));
    return new Cdk(environment, folder, target);
  }

  /** Makes an account ready for CDK, away from our app, which has nothing to do with it. */
  async bootstrap(account: string): Promise<void> {
    await this.#run(['bootstrap', account], this.#folder);
  }

  /** Synthesises with a context, and deploys what `changed` makes of the template; resolves to the stack's outputs. */
  async deploy(
    context: Readonly<Record<string, string>>,
    changed: (template: Template) => Template,
  ): Promise<Readonly<Record<string, string>>> {
    const settings = Object.entries(context).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const { stackName, app } = this.#target;
    const stops = this.#stops;
    const named = app === undefined ? [] : ['--app', app, '-c', `stackName=${stackName}`];
    await this.#run(['synth', '--quiet', '--output', this.#assembly, ...named, ...settings]);
    const [template, outputs] = [
      join(this.#assembly, `${stackName}.template.json`),
      join(this.#folder, 'out.json'),
    ];
    await writeFile(template, JSON.stringify(changed(JSON.parse(await readFile(template, 'utf8')))));
    if (this.#stops > stops) throw new Error('The deploy was stopped.');
    await this.#run([
      ...['deploy', '--app', this.#assembly, '--require-approval', 'never', '--outputs-file', outputs],
    ]);
    const all: Record<string, Record<string, string>> = JSON.parse(await readFile(outputs, 'utf8'));
    return all[stackName] ?? {};
  }

  /** Takes down what was deployed last. */
  async destroy(): Promise<void> {
    await this.#run(['destroy', '--app', this.#assembly, '--force']);
  }

  /** Ends the command that runs, if one does; it then rejects, and no deploy goes on from there. */
  async stop(): Promise<void> {
    this.#stops += 1;
    await this.#running?.stop();
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #assembly(): string {
    return join(this.#folder, 'cdk.out');
  }

  /** Rejects with what the command wrote if it fails. */
  async #run(args: readonly string[], cwd = process.cwd()): Promise<void> {
    const env = { HOME: process.env['HOME'], ...this.#environment, CI: 'true' };
    const cdk = new ChildApp('node', [resolve('node_modules/aws-cdk/bin/cdk'), ...args], env, {
      ...{ cwd, ownGroup: this.#target.ownGroup ?? false },
    });
    this.#running = cdk;
    const [code] = await cdk.ended;
    if (code !== 0)
      throw new Error(`cdk ${args.join(' ')} ended with ${code}:\n${cdk.written.slice(-8_000)}`);
  }
}
