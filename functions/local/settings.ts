import * as v from 'valibot';
import type { MessageFailure } from '../gateway/gateway.ts';
import { parseApiKey } from '../wire/api-key.ts';
import type { HookEvent } from '../wire/hook.ts';
import type { HookFormat } from '../wire/hook-format.ts';
import { limits } from '../wire/limits.ts';
import { err, ok, type Result } from '../wire/result.ts';
import {
  allowedOriginsValue,
  flag,
  formatValue,
  forwardHeadersValue,
  hooksValue,
  list,
  messageFailureValue,
  messageRetryValue,
  presenceGraceValue,
  usualHooks,
  whole,
} from '../wire/setting-values.ts';
import { parseSigningKey } from '../wire/signature.ts';
import { parseUrlKey } from '../wire/ticket.ts';
import { parseWebSocketUrl } from '../wire/web-socket-url.ts';
import { parseWebhookBaseUrl } from '../wire/webhook-base-url.ts';
import type { SessionLimits } from './session.ts';
import type { Lifetime } from './sessions.ts';

/** The settings of a local gateway, from the environment; docs/operations.md has a table of all names. */
export interface LocalSettings {
  /** Undefined: the demo app runs beside the gateway. */
  readonly webhookBaseUrl: string | undefined;
  readonly format: HookFormat;
  readonly hooks: ReadonlySet<HookEvent>;
  readonly hookTimeoutMs: number;
  readonly messageFailure: MessageFailure;
  readonly messageRetryMs: number;
  readonly presenceGraceMs: number;
  readonly forwardHeaders: readonly string[];
  readonly requireTicket: boolean;
  readonly allowedOrigins: ReadonlySet<string> | undefined;
  readonly host: string;
  readonly port: number;
  readonly limits: LocalLimits;
  /** How long the gateway takes to close its sockets when it stops, in milliseconds; 0 closes all at once. */
  readonly drainMs: number;
  /** Whether the gateway serves the inspector. */
  readonly inspector: boolean;
  /** Who may read the metrics: who has an API key, or everybody. */
  readonly metrics: 'key' | 'public';
  /** Undefined: built from host and port. */
  readonly webSocketUrl: string | undefined;
  /** Where generated secrets are kept. */
  readonly folder: string;
  /** Undefined: generated at the first start and kept in the folder. */
  readonly apiKeys: readonly string[] | undefined;
  readonly webhookSecrets: readonly string[] | undefined;
  readonly urlKeys: readonly string[] | undefined;
}

/** The limits of a local gateway: API Gateway's, or very high ones. */
export interface LocalLimits extends Lifetime, SessionLimits {
  readonly messageBytes: number;
  readonly urlLength: number;
  /** The most bytes of a request's head: its first line and all its headers. */
  readonly headBytes: number;
  /** The most bytes that all clients together may have waiting for hooks. */
  readonly allWaitingBytes: number;
  /** How long after a client has gone its waiting messages are still posted, in milliseconds. */
  readonly goneMs: number;
}

const sessionLimits = { waitingBytes: 1_048_576, unsentBytes: 1_048_576, goneMs: 30_000 };

/** The two values of `LIMITS`. */
export const limitSets: Readonly<Record<'api-gateway' | 'none', LocalLimits>> = {
  'api-gateway': {
    ...sessionLimits,
    messageBytes: limits.messageBytes,
    // API Gateway: WebSocket frame size 32 KB.
    frameBytes: 32_768,
    urlLength: limits.urlLength,
    headBytes: 24_576,
    allWaitingBytes: 134_217_728,
    idleMs: limits.idleMs,
    lifeMs: limits.lifeMs,
  },
  none: {
    ...sessionLimits,
    messageBytes: 16_777_216,
    frameBytes: Number.POSITIVE_INFINITY,
    unsentBytes: 33_554_432,
    urlLength: 16_384,
    headBytes: 65_536,
    allWaitingBytes: 536_870_912,
    idleMs: Number.POSITIVE_INFINITY,
    lifeMs: Number.POSITIVE_INFINITY,
  },
};

const someOf = v.pipe(list, v.minLength(1, 'must have at least one entry'));
const wellFormed = (parse: (text: string) => Result<unknown, string>, rule: string) =>
  v.optional(
    v.pipe(
      someOf,
      v.check((entries) => entries.every((entry) => parse(entry).ok), rule),
    ),
  );
const url = (parse: (text: string) => Result<string, string>) =>
  v.pipe(
    v.string(),
    v.rawTransform<string, string>(({ dataset, addIssue, NEVER }) => {
      const url = parse(dataset.value);
      if (url.ok) return url.value;
      addIssue({ message: url.error });
      return NEVER;
    }),
  );
/** `DRAIN_SECONDS`, in milliseconds: at most an hour. The unit may be written: `20s`. */
const drainValue = v.pipe(
  v.string(),
  v.transform((text) => text.replace(/^(\d+)s$/, '$1')),
  whole(0, 3_600),
  v.transform((seconds) => seconds * 1_000),
);
const environment = v.object({
  WEBHOOK_BASE_URL: v.optional(url((text) => parseWebhookBaseUrl(text, { allowInsecure: true }))),
  WEBHOOK_FORMAT: v.optional(formatValue, 'form'),
  HOOKS: v.optional(hooksValue, usualHooks),
  HOOK_TIMEOUT_MS: v.optional(whole(1, 600_000), '10000'),
  MESSAGE_FAILURE: v.optional(messageFailureValue, 'retry'),
  MESSAGE_RETRY_MINUTES: v.optional(messageRetryValue, '360'),
  PRESENCE_GRACE_MS: v.optional(presenceGraceValue, '5000'),
  FORWARD_HEADERS: v.optional(forwardHeadersValue, ''),
  REQUIRE_TICKET: v.optional(flag, 'false'),
  ALLOWED_ORIGINS: v.optional(allowedOriginsValue),
  PORT: v.optional(whole(0, 65_535), '8080'),
  HOST: v.optional(v.pipe(v.string(), v.minLength(1, 'must be an address')), '127.0.0.1'),
  DRAIN_SECONDS: v.optional(drainValue, '0'),
  INSPECTOR: v.optional(flag, 'false'),
  METRICS: v.optional(v.picklist(['key', 'public'], 'must be key or public'), 'key'),
  LIMITS: v.optional(v.picklist(['api-gateway', 'none'], 'must be api-gateway or none'), 'api-gateway'),
  SOCKETHOOK_WEBSOCKET_URL: v.optional(url(parseWebSocketUrl)),
  SOCKETHOOK_DIR: v.optional(v.string(), '.sockethook'),
  SOCKETHOOK_API_KEYS: wellFormed(parseApiKey, 'must be keys of at least 16 visible characters'),
  SOCKETHOOK_WEBHOOK_SECRETS: wellFormed(
    parseSigningKey,
    'must be secrets "whsec_" followed by base64 of 24 to 64 bytes',
  ),
  SOCKETHOOK_URL_KEYS: wellFormed(parseUrlKey, 'must be keys of at least 32 characters'),
});

/**
 * Reads the settings from an environment. An empty variable counts as not set. The error has one sentence per malformed
 * variable, and repeats no value, since it may be secret.
 */
export function parseSettings(
  variables: Readonly<Record<string, string | undefined>>,
): Result<LocalSettings, string[]> {
  const set = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''),
  );
  const read = v.safeParse(environment, set);
  if (!read.success)
    return err(read.issues.map((issue) => `${v.getDotPath(issue)?.split('.')[0]} ${issue.message}.`));
  const { output } = read;
  return ok({
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
    host: output.HOST,
    port: output.PORT,
    limits: limitSets[output.LIMITS],
    drainMs: output.DRAIN_SECONDS,
    inspector: output.INSPECTOR,
    metrics: output.METRICS,
    webSocketUrl: output.SOCKETHOOK_WEBSOCKET_URL,
    folder: output.SOCKETHOOK_DIR,
    apiKeys: output.SOCKETHOOK_API_KEYS,
    webhookSecrets: output.SOCKETHOOK_WEBHOOK_SECRETS,
    urlKeys: output.SOCKETHOOK_URL_KEYS,
  });
}

/** Whether this process was started by npm: `npm start`, or `npx`. */
export function isRunByNpm(): boolean {
  return process.env['npm_lifecycle_event'] !== undefined;
}

/** Reads the settings from the environment of this process, and from what goes before it, by the same names. */
export function readSettings(
  given: Readonly<Record<string, string | undefined>> = {},
): Result<LocalSettings, string[]> {
  return parseSettings({ ...process.env, ...given });
}
