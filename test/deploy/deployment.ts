import { DynamoDBClient, ListTablesCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { NoDirectory } from '../../functions/aws/dynamo/no-directory.ts';
import { dynamoRegistry } from '../../functions/aws/dynamo/registry.ts';
import { systemClock } from '../../functions/node/system-clock.ts';
import { aRecord } from '../fakes/a-record.ts';
import { testSecrets } from '../support/local.ts';
import { RecordingLog } from '../support/recording-log.ts';
import { Cdk } from './cdk.ts';
import { apiUrlAt, forEmulator, quirks } from './emulator.ts';
import { Ministack } from './ministack.ts';

/** The stack, deployed to an emulator of its own. */
export class Deployment {
  readonly ministack: Ministack;
  readonly cdk: Cdk;
  #outputs: Readonly<Record<string, string>> = {};

  private constructor(ministack: Ministack, cdk: Cdk) {
    this.ministack = ministack;
    this.cdk = cdk;
  }

  /** Starts an emulator and makes it ready for CDK. */
  static async bootstrapped(): Promise<Deployment> {
    const ministack = await Ministack.start();
    const deployment = new Deployment(ministack, await Cdk.create(ministack.environment));
    await deployment.cdk.bootstrap('aws://000000000000/us-east-1');
    return deployment;
  }

  /** Deploys with these settings, for the first time or anew. */
  async deploy(settings: Readonly<Record<string, string>>): Promise<void> {
    const isFirst = this.#outputs['ApiUrl'] === undefined;
    this.#outputs = await this.cdk.deploy({ ...quirks(this.ministack), ...settings }, forEmulator);
    if (isFirst) await this.#rotate();
  }

  /** Where clients connect. */
  get webSocketUrl(): string {
    return this.output('WebSocketUrl');
  }

  /** What the app calls. */
  get apiUrl(): string {
    return apiUrlAt(this.ministack, this.output('ApiUrl'));
  }

  output(name: string): string {
    const value = this.#outputs[name];
    if (value === undefined) throw new Error(`The stack has no output ${name}.`);
    return value;
  }

  /** A client of the SDK for it. */
  get client(): { readonly endpoint: string; readonly region: string; readonly credentials: Credentials } {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    return { endpoint: this.ministack.endpoint, region: 'us-east-1', credentials };
  }

  /** Runs a function with an event; resolves to what it returned, or to what it threw. */
  async invoke(handler: string, event: unknown): Promise<unknown> {
    const headers = { Authorization: asRoot('lambda') };
    const functions = `${this.ministack.endpoint}/2015-03-31/functions/`;
    const list = await (await fetch(functions, { headers })).text();
    const name = new RegExp(`"FunctionName": ?"(Sockethook-GatewayFunctions${handler}Function[^"]+)"`).exec(
      list,
    )?.[1];
    const invocation = { method: 'POST', headers, body: JSON.stringify(event) };
    return (await fetch(`${functions}${name}/invocations`, invocation)).json();
  }

  /** Makes a socket three hours old, which is older than API Gateway lets any become. */
  async age(socket: string): Promise<void> {
    const client = new DynamoDBClient(this.client);
    const { TableNames = [] } = await client.send(new ListTablesCommand());
    await client.send(
      new UpdateItemCommand({
        ...{ TableName: TableNames.find((name) => name.includes('Sockets')), Key: { socket: { S: socket } } },
        UpdateExpression: 'SET openedAt = :then',
        ConditionExpression: 'attribute_exists(socket)',
        ExpressionAttributeValues: { ':then': { N: String(Date.now() - 3 * 3_600_000) } },
      }),
    );
  }

  /** Adds so many sockets whose clients are still opening. */
  async openSockets(count: number): Promise<void> {
    const client = new DynamoDBClient(this.client);
    const { TableNames = [] } = await client.send(new ListTablesCommand());
    const named = (part: string): string => TableNames.find((name) => name.includes(part)) ?? '';
    const caller = { region: 'us-east-1', credentials: this.client.credentials };
    const tables = { name: named('Sockets'), groups: named('Groups'), endpoint: this.ministack.url };
    const registry = dynamoRegistry(tables, caller, systemClock, NoDirectory, new RecordingLog());
    for (let at = 0; at < count; at++) await registry.put(aRecord({ openedAt: Date.now() }));
  }

  async stop(): Promise<void> {
    await this.ministack.stop();
    await this.cdk.remove();
  }

  /** Two of each secret, as while they are rotated. */
  async #rotate(): Promise<void> {
    const client = new SecretsManagerClient(this.client);
    const lists = {
      ApiKeysSecret: 'apiKeys',
      WebhookSecretsSecret: 'webhookSecrets',
      UrlKeysSecret: 'urlKeys',
    } as const;
    for (const [output, name] of Object.entries(lists)) {
      const [SecretId, SecretString] = [this.output(output), testSecrets[name].join(',')];
      await client.send(new PutSecretValueCommand({ SecretId, SecretString }));
    }
  }
}

/** What a request of the root user says of itself; the emulator finds the service by it, and takes the signature for good. */
export function asRoot(service: string): string {
  return `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=none`;
}

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}
