import { access, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GatewayWorld } from '../contract/gateway/world.ts';
import { ChildApp } from '../support/child-app.ts';
import { environmentOf } from './plan.ts';
import { type Question, questions, queuedQuestions, routeQuestions } from './questions.ts';
import { type Finding, findingsOf, table } from './report.ts';
import { Verification, type VerificationPlan } from './verification.ts';
import { startWorld } from './world.ts';

/** CloudFormation deletes no stack that it is updating, so a deploy that was cut short is waited for. */
const destroying = { tries: 40, pauseMs: 15_000 };

/** How long a stage may still have an old integration after a deploy, in milliseconds: its answers look the same. */
const switchingMs = 60_000;

/** One verification, from the deploy to the destroy. */
export class Run {
  readonly #plan: VerificationPlan;
  readonly #verification: Verification;
  readonly #suiteArgs: readonly string[];
  readonly #say: (text: string) => void;
  readonly #interrupted: Promise<never>;
  #interrupt: (reason: Error) => void = () => {};
  #suite: ChildApp | undefined;
  #world: GatewayWorld | undefined;

  private constructor(verification: Verification, suiteArgs: readonly string[], say: (text: string) => void) {
    this.#plan = verification.plan;
    this.#verification = verification;
    this.#suiteArgs = suiteArgs;
    this.#say = say;
    this.#interrupted = new Promise((_, reject) => {
      this.#interrupt = reject;
    });
    this.#interrupted.catch(() => undefined);
  }

  static async of(plan: VerificationPlan, suiteArgs: readonly string[], say: (text: string) => void) {
    return new Run(await Verification.of(plan, true), suiteArgs, say);
  }

  /** Ends what runs, and destroys the stack. Anything after that only says that this takes a while. */
  interrupt(signal: string): void {
    this.#say(`${signal}: ${this.#plan.stackName} is being destroyed. Let it, or you pay for what is left.`);
    this.#interrupt(new Error(`Ended by ${signal}.`));
  }

  /** Resolves to the exit code: 0 if nothing differed and nothing is left. */
  async all(): Promise<number> {
    let code = 1;
    try {
      const findings = await this.#verified();
      this.#say(table(findings));
      code = findings.every(({ standIn, here }) => standIn === here) ? 0 : 1;
    } catch (error) {
      this.#say(error instanceof Error ? error.message : String(error));
    }
    return (await this.#destroyed()) ? code : 1;
  }

  async #verified(): Promise<Finding[]> {
    const started = Date.now();
    await this.#step('is deployed', () => this.#verification.deploy());
    await this.#step('gets secrets of its own', () => this.#verification.rotate());
    const asked = await this.#step('is asked what no document says', () => this.#answers(questions, {}));
    const suite = await this.#step('goes through the suite', () => this.#suiteFindings());
    const routed = await this.#step('is asked of replies by the route', () => this.#routeAnswers());
    const queued = await this.#step('is asked of messages that Lambda queues', () => this.#queuedAnswers());
    this.#say(`It took ${Math.round((Date.now() - started) / 1_000)} seconds.`);
    return [...asked, ...suite, ...routed, ...queued];
  }

  async #step<Outcome>(what: string, work: () => Promise<Outcome>): Promise<Outcome> {
    this.#say(`${this.#plan.stackName} ${what} ...`);
    return Promise.race([work(), this.#interrupted]);
  }

  async #answers(
    all: readonly Question[],
    settings: Readonly<Record<string, string>>,
    pauseMs = 0,
  ): Promise<Finding[]> {
    const world = await startWorld(this.#verification, settings);
    this.#world = world;
    await sleep(pauseMs);
    const callback = {
      endpoint: this.#callbackUrl(this.#verification.output('CallbackUrl')),
      region: this.#verification.output('Region'),
    };
    const findings: Finding[] = [];
    for (const { about, standIn, ask } of all) {
      const here = await ask({ world, callback }).catch(
        (error: unknown) => `could not be asked: ${String(error)}`,
      );
      this.#say(`  ${about}: ${here}`);
      findings.push({ about, standIn, here });
    }
    this.#world = undefined;
    await world.stop();
    return findings;
  }

  /** The emulator has @connections elsewhere than AWS. */
  #callbackUrl(output: string): string {
    const { emulator } = this.#plan;
    const id = /^https:\/\/(\w+)\./.exec(output)?.[1];
    return emulator === undefined ? output : `${emulator.endpoint}/_aws/execute-api/${id}/live`;
  }

  async #routeAnswers(): Promise<Finding[]> {
    if (this.#plan.emulator === undefined) return this.#answers(routeQuestions, { REPLY_BY: 'route' });
    this.#say('  not asked: the emulator knows no route responses');
    return [];
  }

  async #queuedAnswers(): Promise<Finding[]> {
    if (this.#plan.emulator === undefined)
      return this.#answers(queuedQuestions, { MESSAGE_INVOCATION: 'event' }, switchingMs);
    this.#say('  not asked: the emulator gives a function its own event, and waits for it');
    return [];
  }

  async #suiteFindings(): Promise<Finding[]> {
    const written = join(this.#plan.folder, 'suite.json');
    const args = ['run', '--config', 'vitest.verify.config.ts', ...this.#suiteArgs];
    const env = { ...process.env, ...environmentOf(this.#plan), VERIFY_RESULT: written };
    const vitest = resolve('node_modules/vitest/vitest.mjs');
    this.#suite = new ChildApp('node', [vitest, ...args], env, { ownGroup: true });
    await this.#suite.ended;
    const result = await readFile(written, 'utf8').catch(() => undefined);
    if (result === undefined) throw new Error(`The suite did not run:\n${this.#suite.written.slice(-4_000)}`);
    const { counts, findings } = findingsOf(JSON.parse(result));
    this.#say(`  ${counts}`);
    return findings;
  }

  /** Ends whatever still works on the stack, and deletes it. Resolves to whether nothing is left. */
  async #destroyed(): Promise<boolean> {
    const { stackName, folder } = this.#plan;
    await this.#world?.stop();
    await this.#suite?.stop();
    await this.#verification.cdk.stop();
    const manifest = join(folder, 'cdk.out', 'manifest.json');
    const isSynthesised = await access(manifest).then(
      () => true,
      () => false,
    );
    if (!isSynthesised) return true;
    for (let tried = 1; ; tried++) {
      this.#say(`${stackName} is destroyed ...`);
      const fault = await this.#verification.cdk.destroy().catch((error: unknown) => String(error));
      if (fault === undefined) return true;
      if (tried === destroying.tries) {
        this.#say(`${stackName} could not be destroyed; delete it in CloudFormation yourself.\n${fault}`);
        return false;
      }
      await sleep(destroying.pauseMs);
    }
  }
}
