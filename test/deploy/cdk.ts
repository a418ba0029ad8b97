import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ChildApp } from '../support/child-app.ts';

/** A synthesised template, as far as a test looks into it. */
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
}

/** One of its resources. */
export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

const stackName = 'Sockethook';

/** The command line of CDK, as a user runs it, against an AWS of the test's. */
export class Cdk {
  readonly #environment: Readonly<Record<string, string>>;
  readonly #folder: string;

  private constructor(environment: Readonly<Record<string, string>>, folder: string) {
    this.#environment = environment;
    this.#folder = folder;
  }

  static async create(environment: Readonly<Record<string, string>>): Promise<Cdk> {
    return new Cdk(environment, await mkdtemp(join(tmpdir(), 'sockethook-cdk-')));
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
    await this.#run(['synth', '--quiet', '--output', this.#assembly, ...settings]);
    const [template, outputs] = [
      join(this.#assembly, `${stackName}.template.json`),
      join(this.#folder, 'out.json'),
    ];
    await writeFile(template, JSON.stringify(changed(JSON.parse(await readFile(template, 'utf8')))));
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

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #assembly(): string {
    return join(this.#folder, 'cdk.out');
  }

  /** Rejects with what the command wrote if it fails. */
  async #run(args: readonly string[], cwd = process.cwd()): Promise<void> {
    const env = { HOME: process.env['HOME'], ...this.#environment, CI: 'true' };
    const cdk = new ChildApp('node', [resolve('node_modules/aws-cdk/bin/cdk'), ...args], env, { cwd });
    const [code] = await cdk.ended;
    if (code !== 0)
      throw new Error(`cdk ${args.join(' ')} ended with ${code}:\n${cdk.written.slice(-8_000)}`);
  }
}
