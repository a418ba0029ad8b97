import type { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { Construct } from 'constructs';
import { type FunctionName, type FunctionNeeds, functionNeeds } from './function-needs.ts';
import { type FunctionSettings, GatewayFunction, type GatewayFunctions } from './gateway-function.ts';
import type { SecretName } from './gateway-secrets.ts';
import type { Memory } from './memory.ts';
import type { Network } from './network.ts';
import { permissions, type Resources } from './permissions.ts';
import type { Settings } from './setting-rules.ts';

/** The settings of all functions, and the resources that they use. */
export interface FunctionsProps extends FunctionSettings {
  readonly resources: Resources;
  /** The environment of every function. */
  readonly environment: Readonly<Record<string, string>>;
  readonly concurrency: Readonly<Partial<Record<FunctionName, number | undefined>>>;
  /** Memory of the functions that do not have their default, in MB. */
  readonly memoryMb: Memory;
  readonly apiAuth: Settings['apiAuth'];
  readonly hooks: Settings['hooks'];
  /** The VPC of the functions that post hooks. The others call only AWS. */
  readonly network: Network | undefined;
}

const secretVariables: Readonly<Record<SecretName, string>> = {
  apiKeys: 'API_KEYS_SECRET',
  webhookSecrets: 'WEBHOOK_SECRETS_SECRET',
  urlKeys: 'URL_KEYS_SECRET',
};

/**
 * The needs of a function. If IAM lets callers in, no function needs the API keys. What presence needs, it needs only if
 * the app wants to hear of that.
 */
function needsOf(
  name: FunctionName,
  { apiAuth, hooks }: Pick<FunctionsProps, 'apiAuth' | 'hooks'>,
): FunctionNeeds {
  const { presences, ...needs }: FunctionNeeds = functionNeeds[name];
  const { secrets = [] } = needs;
  return {
    ...needs,
    ...(apiAuth === 'iam' ? { secrets: secrets.filter((each) => each !== 'apiKeys') } : {}),
    ...(presences !== undefined && hooks.has('joined') ? { presences } : {}),
  };
}

/** The environment of a function besides what all have: the secrets, tables and queues that not all may use. */
function ownEnvironment(needs: FunctionNeeds, resources: Resources) {
  const { secrets, broadcasts, deadLetters, presence, batches, retries } = resources;
  const arns = (needs.secrets ?? []).map((secret) => [secretVariables[secret], secrets[secret].secretArn]);
  return {
    ...Object.fromEntries(arns),
    ...((needs.broadcasts ?? needs.breaker ?? needs.presences) === undefined
      ? {}
      : { BROADCASTS_TABLE_NAME: broadcasts.tableName }),
    ...(needs.deadLetters === undefined ? {} : { DEAD_LETTERS_TABLE_NAME: deadLetters.tableName }),
    ...(presence && needs.presenceTasks ? { PRESENCE_QUEUE_URL: presence.queue.queueUrl } : {}),
    ...(needs.batches === undefined ? {} : { BATCH_QUEUE_URL: batches.queue.queueUrl }),
    ...(needs.retries === undefined ? {} : { RETRY_QUEUE_URL: retries.queue.queueUrl }),
    // Lambda itself sends to it for the function that only may do that.
    ...(needs.deadRetries?.includes('ReceiveMessage') ? { DEAD_RETRY_QUEUE_URL: retries.dead.queueUrl } : {}),
  };
}

/** Creates every function. Each is told of only what it may use. */
export function gatewayFunctions(scope: Construct, props: FunctionsProps): GatewayFunctions {
  const { resources, concurrency, memoryMb, apiAuth, hooks, network, environment, ...settings } = props;
  const functions = new Construct(scope, 'Functions');
  const make = (name: FunctionName): NodejsFunction => {
    const needs = needsOf(name, { apiAuth, hooks });
    return new GatewayFunction(functions, name, {
      ...settings,
      name,
      concurrency: concurrency[name],
      memoryMb: memoryMb[name],
      environment: { ...environment, ...ownEnvironment(needs, resources) },
      permissions: permissions(needs, resources),
      network: needs.secrets?.includes('webhookSecrets') ? network : undefined,
    }).function;
  };
  return {
    connect: make('connect'),
    default: make('default'),
    disconnect: make('disconnect'),
    send: make('send'),
    broadcast: make('broadcast'),
    urls: make('urls'),
    sockets: make('sockets'),
    groups: make('groups'),
    'dead-letters': make('dead-letters'),
    health: make('health'),
    tasks: make('tasks'),
    batches: make('batches'),
    retries: make('retries'),
    redrive: make('redrive'),
    sweep: make('sweep'),
  };
}
