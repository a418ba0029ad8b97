import { randomBytes } from 'node:crypto';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SecretTexts } from '../../functions/local/local-secrets.ts';
import { Cdk, type Template } from '../deploy/cdk.ts';
import { apiUrlAt, type Emulator, forEmulator, quirks } from '../deploy/emulator.ts';

/** What names one verification: its processes hand it on to each other. */
export interface VerificationPlan {
  readonly stackName: string;
  /** Where the assembly stands. */
  readonly folder: string;
  readonly secrets: SecretTexts;
  /** Undefined on AWS. */
  readonly emulator: Emulator | undefined;
}

/** Secrets that nobody has seen: for as long as it stands, the stack is open to the world. */
export function freshSecrets(): SecretTexts {
  const two = (make: () => string): string[] => [make(), make()];
  return {
    apiKeys: two(() => randomBytes(24).toString('hex')),
    webhookSecrets: two(() => `whsec_${randomBytes(24).toString('base64')}`),
    urlKeys: two(() => randomBytes(24).toString('hex')),
  };
}

const outputOf = {
  apiKeys: 'ApiKeysSecret',
  webhookSecrets: 'WebhookSecretsSecret',
  urlKeys: 'UrlKeysSecret',
};

/** The stack that is verified, in the account of the shell's credentials. */
export class Verification {
  readonly plan: VerificationPlan;
  readonly cdk: Cdk;
  #outputs: Readonly<Record<string, string>> = {};

  private constructor(plan: VerificationPlan, cdk: Cdk) {
    this.plan = plan;
    this.cdk = cdk;
  }

  /** `ownGroup`: whether Ctrl+C is not to reach what it runs. */
  static async of(plan: VerificationPlan, ownGroup = false): Promise<Verification> {
    const { stackName, folder } = plan;
    const target = { stackName, folder, ownGroup, app: 'node --import tsx test/verify/app.ts' };
    return new Verification(plan, await Cdk.create(process.env, target));
  }

  /** Deploys with these settings, by the names that the context has for them. */
  async deploy(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    const { emulator } = this.plan;
    const there = emulator === undefined ? {} : { ...quirks(emulator), relayUrl: relayUrlAt(emulator) };
    // A hook to http://127.0.0.1:1 is how the suite finds no app.
    const context = { allowInsecureWebhooks: 'true', ...there, ...settings };
    const changed = emulator === undefined ? (template: Template) => template : forEmulator;
    this.#outputs = await this.cdk.deploy(context, changed);
  }

  /** Puts the plan's secrets in the place of those that the stack has made. */
  async rotate(): Promise<void> {
    const client = new SecretsManagerClient({ region: this.output('Region') });
    for (const name of ['apiKeys', 'webhookSecrets', 'urlKeys'] as const) {
      const [SecretId, SecretString] = [this.output(outputOf[name]), this.plan.secrets[name].join(',')];
      await client.send(new PutSecretValueCommand({ SecretId, SecretString }));
    }
  }

  /** Where an app would call. */
  get apiUrl(): string {
    const { emulator } = this.plan;
    return emulator === undefined ? this.output('ApiUrl') : apiUrlAt(emulator, this.output('ApiUrl'));
  }

  output(name: string): string {
    const value = this.#outputs[name];
    if (value === undefined) throw new Error(`The stack has no output ${name}.`);
    return value;
  }
}

/** Where the emulator has a Function URL. */
function relayUrlAt({ url }: Emulator): string {
  return `${url}/_aws/lambda-url/{urlId}`;
}
