import * as v from 'valibot';
import type { GatewaySettings } from '../gateway/gateway.ts';
import { hookEvents } from '../wire/hook.ts';
import { limits } from '../wire/limits.ts';
import {
  allowedOriginsValue,
  flag,
  formatValue,
  forwardHeadersValue,
  hooksValue,
  whole,
} from '../wire/setting-values.ts';

const present = v.pipe(v.string(), v.minLength(1, 'must be set'));

const environment = v.object({
  WEBHOOK_BASE_URL: present,
  WEBHOOK_FORMAT: v.optional(formatValue, 'form'),
  HOOKS: v.optional(hooksValue, hookEvents.join(',')),
  HOOK_TIMEOUT_MS: v.optional(whole(1, 20_000), '10000'),
  FORWARD_HEADERS: v.optional(forwardHeadersValue, ''),
  REQUIRE_TICKET: v.optional(flag, 'false'),
  ALLOWED_ORIGINS: v.optional(allowedOriginsValue),
  WEBSOCKET_URL: present,
  CALLBACK_URL: present,
  TABLE_NAME: present,
  QUEUE_URL: present,
  REPLY_BY: v.optional(v.picklist(['route', 'post'], 'must be route or post'), 'route'),
  API_KEYS_SECRET: v.optional(v.string()),
  WEBHOOK_SECRETS_SECRET: v.optional(v.string()),
  URL_KEYS_SECRET: v.optional(v.string()),
});

/** What the stack tells a function. */
export interface AwsSettings {
  readonly gateway: GatewaySettings;
  /** The base of @connections. */
  readonly callbackUrl: string;
  readonly tableName: string;
  readonly queueUrl: string;
  readonly secrets: {
    readonly apiKeys: string | undefined;
    readonly webhookSecrets: string | undefined;
    readonly urlKeys: string | undefined;
  };
}

/** Reads what the stack told this function, once; throws an error that names every variable that is malformed. */
export function readSettings(): AwsSettings {
  const set = Object.entries(process.env).filter(([, value]) => value !== '');
  const read = v.safeParse(environment, Object.fromEntries(set));
  if (!read.success) {
    throw new Error(read.issues.map((issue) => `${v.getDotPath(issue)} ${issue.message}.`).join(' '));
  }
  const { output } = read;
  return {
    gateway: {
      webhookBaseUrl: output.WEBHOOK_BASE_URL,
      format: output.WEBHOOK_FORMAT,
      hooks: output.HOOKS,
      hookTimeoutMs: output.HOOK_TIMEOUT_MS,
      forwardHeaders: output.FORWARD_HEADERS,
      requireTicket: output.REQUIRE_TICKET,
      allowedOrigins: output.ALLOWED_ORIGINS,
      messageBytes: limits.messageBytes,
      webSocketUrl: output.WEBSOCKET_URL,
      replyBy: output.REPLY_BY,
      retry: { attempts: 3, withinMs: 5_000 },
      leaseMs: 90_000,
      tooEarlyMs: 1_000,
      disbeliefMs: 10_000,
    },
    callbackUrl: output.CALLBACK_URL,
    tableName: output.TABLE_NAME,
    queueUrl: output.QUEUE_URL,
    secrets: {
      apiKeys: output.API_KEYS_SECRET,
      webhookSecrets: output.WEBHOOK_SECRETS_SECRET,
      urlKeys: output.URL_KEYS_SECRET,
    },
  };
}
