import * as v from 'valibot';
import type { Settings } from '../gateway/gateway.ts';
import { limits } from '../wire/limits.ts';
import { parsed } from '../wire/schema.ts';
import {
  allowedOriginsValue,
  flag,
  formatValue,
  forwardHeadersValue,
  hooksValue,
  messageFailureValue,
  messageRetryValue,
  presenceGraceValue,
  usualHooks,
  whole,
} from '../wire/setting-values.ts';
import { parseWebhookBaseUrl } from '../wire/webhook-base-url.ts';
import type { Caller } from './client/aws-service.ts';
import type { TableAddress } from './dynamo/table.ts';
import type { QueueAddress } from './queue/sqs-task-queue.ts';
import type { SecretsAddress } from './secrets-manager.ts';

const present = v.pipe(v.optional(v.string(), ''), v.minLength(1, 'must be set'));
const httpUrl = v.pipe(
  present,
  v.check((text) => /^https?:/i.test(text) && URL.canParse(text), 'must be a URL'),
);

const environment = v.object({
  // Checked and normalised here too: a value from another stack is not known when the stack is checked.
  WEBHOOK_BASE_URL: v.pipe(
    present,
    parsed<string>((text) => parseWebhookBaseUrl(text, { allowInsecure: true })),
  ),
  WEBHOOK_FORMAT: v.optional(formatValue, 'form'),
  HOOKS: v.optional(hooksValue, usualHooks),
  HOOK_TIMEOUT_MS: v.optional(whole(1, 20_000), '10000'),
  MESSAGE_FAILURE: v.optional(messageFailureValue, 'retry'),
  MESSAGE_RETRY_MINUTES: v.optional(messageRetryValue, '360'),
  PRESENCE_GRACE_MS: v.optional(presenceGraceValue, '5000'),
  FORWARD_HEADERS: v.optional(forwardHeadersValue, ''),
  REQUIRE_TICKET: v.optional(flag, 'false'),
  ALLOWED_ORIGINS: v.optional(allowedOriginsValue),
  WEBSOCKET_URL: present,
  CALLBACK_URL: httpUrl,
  TABLE_NAME: present,
  GROUPS_TABLE_NAME: present,
  BROADCASTS_TABLE_NAME: v.optional(v.string(), ''),
  DEAD_LETTERS_TABLE_NAME: v.optional(v.string(), ''),
  QUEUE_URL: httpUrl,
  PRESENCE_QUEUE_URL: v.optional(httpUrl),
  BATCH_QUEUE_URL: v.optional(httpUrl),
  RETRY_QUEUE_URL: v.optional(httpUrl),
  DEAD_RETRY_QUEUE_URL: v.optional(httpUrl),
  MAX_POSTS_PER_SECOND: v.optional(whole(100, 20_000), '6000'),
  PROBE_MINUTES: v.optional(whole(0, 1_440), '30'),
  // China and the European Sovereign Cloud have their own domains.
  URL_SUFFIX: v.optional(v.string(), 'amazonaws.com'),
  GATEWAY_NAME: v.optional(v.string(), 'sockethook'),
  REPLY_BY: v.optional(v.picklist(['route', 'post'], 'must be route or post'), 'post'),
  MESSAGE_INVOCATION: v.optional(v.picklist(['request', 'event'], 'must be request or event'), 'request'),
  API_AUTH: v.optional(v.picklist(['key', 'iam'], 'must be key or iam'), 'key'),
  API_KEYS_SECRET: v.optional(v.string()),
  WEBHOOK_SECRETS_SECRET: v.optional(v.string()),
  URL_KEYS_SECRET: v.optional(v.string()),
  // Lambda sets these.
  AWS_REGION: present,
  AWS_ACCESS_KEY_ID: present,
  AWS_SECRET_ACCESS_KEY: present,
  AWS_SESSION_TOKEN: v.optional(v.string()),
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: v.optional(whole(1, 100_000), '1769'),
  // AWS SDKs and Tools Reference Guide, "Service-specific endpoints": the URL of an emulator.
  AWS_ENDPOINT_URL: v.optional(httpUrl),
  AWS_ENDPOINT_URL_DYNAMODB: v.optional(httpUrl),
  AWS_ENDPOINT_URL_SQS: v.optional(httpUrl),
  AWS_ENDPOINT_URL_SECRETS_MANAGER: v.optional(httpUrl),
});

type Environment = v.InferOutput<typeof environment>;

/** How callers of the HTTP API authenticate: an API key, which the function checks, or IAM, which API Gateway checks. */
export type ApiAuth = Environment['API_AUTH'];

/** The settings that a function gets from its stack. */
export interface AwsSettings {
  readonly gateway: Settings;
  /** The name of this gateway in its metrics. */
  readonly name: string;
  readonly caller: Caller;
  readonly apiAuth: ApiAuth;
  /** Whether Lambda queues each message before it is handled. */
  readonly queuesMessages: boolean;
  /** The base URL of @connections. */
  readonly callbackUrl: string;
  readonly table: TableAddress;
  readonly queue: QueueAddress;
  readonly secrets: SecretsAddress;
}

/** Reads the settings from the environment, once. Throws an error that names every malformed variable. */
export function readSettings(): AwsSettings {
  return parseSettings(process.env);
}

/** The same for any environment. An empty variable counts as not set. */
export function parseSettings(variables: Readonly<Record<string, string | undefined>>): AwsSettings {
  const set = Object.entries(variables).filter(([, value]) => value !== '');
  const read = v.safeParse(environment, Object.fromEntries(set));
  if (!read.success) {
    throw new Error(read.issues.map((issue) => `${v.getDotPath(issue)} ${issue.message}.`).join(' '));
  }
  const { output } = read;
  const everywhere = output.AWS_ENDPOINT_URL;
  return {
    gateway: gatewaySettings(output),
    name: output.GATEWAY_NAME,
    caller: {
      region: output.AWS_REGION,
      credentials: {
        accessKeyId: output.AWS_ACCESS_KEY_ID,
        secretAccessKey: output.AWS_SECRET_ACCESS_KEY,
        sessionToken: output.AWS_SESSION_TOKEN,
      },
      connections: connectionsOf(output.AWS_LAMBDA_FUNCTION_MEMORY_SIZE),
    },
    apiAuth: output.API_AUTH,
    queuesMessages: output.MESSAGE_INVOCATION === 'event',
    callbackUrl: output.CALLBACK_URL,
    table: {
      name: output.TABLE_NAME,
      groups: output.GROUPS_TABLE_NAME,
      // Empty for a function that has nothing to do with them.
      broadcasts: output.BROADCASTS_TABLE_NAME,
      deadLetters: output.DEAD_LETTERS_TABLE_NAME,
      endpoint: output.AWS_ENDPOINT_URL_DYNAMODB ?? everywhere ?? addressOf('dynamodb', output),
    },
    queue: {
      url: output.QUEUE_URL,
      presence: output.PRESENCE_QUEUE_URL,
      batches: output.BATCH_QUEUE_URL,
      retries: output.RETRY_QUEUE_URL,
      deadRetries: output.DEAD_RETRY_QUEUE_URL,
      endpoint: output.AWS_ENDPOINT_URL_SQS ?? everywhere ?? new URL(output.QUEUE_URL).origin,
    },
    secrets: {
      endpoint: output.AWS_ENDPOINT_URL_SECRETS_MANAGER ?? everywhere ?? addressOf('secretsmanager', output),
      arns: {
        apiKeys: output.API_KEYS_SECRET,
        webhookSecrets: output.WEBHOOK_SECRETS_SECRET,
        urlKeys: output.URL_KEYS_SECRET,
      },
    },
  };
}

/**
 * How many connections to a service a function can keep busy, by its memory. AWS Lambda Developer Guide, "Configure
 * Lambda function memory": CPU grows with memory. A post takes 15 ms, and a quarter of a millisecond of CPU, so a whole
 * core handles sixty at once. Twice that many leave nothing idle.
 */
function connectionsOf(memoryMb: number): number {
  return Math.min(128, Math.max(16, Math.round(memoryMb / 12)));
}

/** AWS General Reference, "Service endpoints". */
function addressOf(
  service: 'dynamodb' | 'secretsmanager',
  { AWS_REGION: region, URL_SUFFIX: suffix }: Environment,
): string {
  return `https://${service}.${region}.${suffix}`;
}

function gatewaySettings(output: Environment): Settings {
  return {
    webhookBaseUrl: output.WEBHOOK_BASE_URL,
    format: output.WEBHOOK_FORMAT,
    hooks: output.HOOKS,
    hookTimeoutMs: output.HOOK_TIMEOUT_MS,
    messageFailure: output.MESSAGE_FAILURE,
    messageRetryMs: output.MESSAGE_RETRY_MINUTES,
    presenceGraceMs: output.PRESENCE_GRACE_MS,
    forwardHeaders: output.FORWARD_HEADERS,
    requireTicket: output.REQUIRE_TICKET,
    allowedOrigins: output.ALLOWED_ORIGINS,
    messageBytes: limits.messageBytes,
    webSocketUrl: output.WEBSOCKET_URL,
    replyBy: output.REPLY_BY,
    probeMinutes: output.PROBE_MINUTES,
    maxPostsPerSecond: output.MAX_POSTS_PER_SECOND,
  };
}
