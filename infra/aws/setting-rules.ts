import { Token } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import * as v from 'valibot';
import { err, ok, type Result } from '../../functions/wire/result.ts';
import {
  allowedOriginsValue,
  flag,
  forwardHeadersValue,
  hooksValue,
  messageFailureValue,
  presenceGraceValue,
  usualHooks,
  whole,
} from '../../functions/wire/setting-values.ts';
import { parseWebhookBaseUrl } from '../../functions/wire/webhook-base-url.ts';
import { memoryValue } from './memory.ts';

const retentions = Object.values(RetentionDays).filter((days) => typeof days === 'number');
const url = (form: RegExp, rule: string) => v.optional(v.pipe(v.string(), v.regex(form, rule)));

/** Every setting of the construct that is a text, number, flag or list, with its default. */
const rules = v.object({
  webhookBaseUrl: v.optional(v.string(), ''),
  allowInsecureWebhooks: v.optional(flag, 'false'),
  webhookFormat: v.optional(v.picklist(['form', 'json'], 'must be form or json'), 'form'),
  hooks: v.optional(hooksValue, usualHooks),
  // Shorter than a client or API Gateway waits.
  hookTimeoutMs: v.optional(whole(1, 20_000), '10000'),
  messageFailure: v.optional(messageFailureValue, 'retry'),
  // As `messageRetryValue`, in minutes.
  messageRetryMinutes: v.optional(whole(1, 2_880), '360'),
  presenceGraceMs: v.optional(presenceGraceValue, '5000'),
  forwardHeaders: v.optional(forwardHeadersValue, ''),
  requireTicket: v.optional(flag, 'false'),
  allowedOrigins: v.optional(allowedOriginsValue),
  probeMinutes: v.optional(whole(0, 1_440), '30'),
  replyBy: v.optional(v.picklist(['route', 'post'], 'must be route or post'), 'post'),
  messageInvocation: v.optional(v.picklist(['request', 'event'], 'must be request or event'), 'request'),
  memoryMb: v.optional(memoryValue),
  apiAuth: v.optional(v.picklist(['key', 'iam'], 'must be key or iam'), 'key'),
  connectConcurrency: v.optional(whole(1, 1_000_000)),
  messageConcurrency: v.optional(whole(1, 1_000_000)),
  // Lambda: the maximum concurrency of an event source is 2 to 1,000.
  taskConcurrency: v.optional(whole(2, 1_000), '10'),
  retryConcurrency: v.optional(whole(2, 1_000), '10'),
  // Slower, a batch would take more runs than it is worth. Four workers can't post faster.
  maxPostsPerSecond: v.optional(whole(100, 20_000), '6000'),
  requestRate: v.optional(whole(1, 1_000_000), '2000'),
  requestBurst: v.optional(whole(1, 1_000_000), '1000'),
  logRetentionDays: v.optional(
    v.pipe(
      whole(1, 9_999),
      v.check((days) => retentions.includes(days), `must be one of ${retentions.join(', ')}`),
    ),
    '30',
  ),
  accessLogs: v.optional(flag, 'false'),
  tracing: v.optional(flag, 'false'),
  alarms: v.optional(flag, 'true'),
  accountConcurrency: v.optional(whole(10, 1_000_000), '1000'),
  dashboard: v.optional(flag, 'true'),
  prettyUrl: v.optional(flag, 'false'),
  webAclArn: v.optional(
    v.pipe(
      v.string(),
      // AWS WAF: a web ACL for CloudFront is global, and global ones are in us-east-1.
      v.check(
        (arn) => Token.isUnresolved(arn) || /^arn:[^:]+:wafv2:us-east-1:\d{12}:global\/webacl\/.+$/.test(arn),
        'must be the ARN of a web ACL for CloudFront, arn:aws:wafv2:us-east-1:...:global/webacl/...',
      ),
    ),
  ),
  callbackUrl: url(/^https?:\/\/[^?#]+$/, 'must be an http:// or https:// URL without a query'),
  webSocketUrl: url(/^wss?:\/\/[^?#]+$/, 'must be a ws:// or wss:// URL without a query'),
});

/** The settings with all defaults filled in. */
export type Settings = v.InferOutput<typeof rules>;

/** The names of all settings. */
export const settingNames: ReadonlySet<string> = new Set(Object.keys(rules.entries));

/**
 * Reads settings, given as texts or as values. The error has one sentence for every setting that is missing or
 * malformed.
 */
export function parseSettings(values: Readonly<Record<string, unknown>>): Result<Settings, string[]> {
  const read = v.safeParse(rules, textsOf(values));
  const errors = read.success ? [] : read.issues.map((issue) => `${v.getDotPath(issue)} ${issue.message}.`);
  if (values['webAclArn'] !== undefined && String(values['prettyUrl']) !== 'true')
    errors.push('webAclArn needs prettyUrl: AWS WAF protects CloudFront, and neither API.');
  if (values['messageInvocation'] === 'event' && values['replyBy'] === 'route')
    errors.push('replyBy route needs messageInvocation request: nothing travels back from a queued message.');
  const base = baseUrl(values['webhookBaseUrl'], String(values['allowInsecureWebhooks']) === 'true');
  if (!base.ok) return err([base.error, ...errors]);
  return read.success && errors.length === 0
    ? ok({ ...read.output, webhookBaseUrl: base.value })
    : err(errors);
}

/**
 * Writes values as the texts of a command line; an undefined value counts as not set. The entries of a list are
 * separated by commas, and an object is written as `name=value`.
 */
export function textsOf(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const scalar = (value: unknown): unknown =>
    typeof value === 'boolean' || typeof value === 'number' ? String(value) : value;
  const text = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(scalar).join(',');
    if (typeof value !== 'object' || value === null) return scalar(value);
    return Object.entries(value)
      .map(([name, one]) => `${name}=${scalar(one)}`)
      .join(',');
  };
  const set = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set.map(([name, value]) => [name, text(value)]));
}

function baseUrl(value: unknown, allowInsecure: boolean): Result<string, string> {
  const name = 'webhookBaseUrl';
  if (typeof value !== 'string' || value === '') {
    return err(`${name} is missing; it says where hooks go, such as https://app.example/websocket.`);
  }
  // A token's value is not known before the deployment.
  if (Token.isUnresolved(value)) return ok(value);
  const parsed = parseWebhookBaseUrl(value, { allowInsecure });
  if (parsed.ok) return parsed;
  const isPlain = !allowInsecure && /^http:/i.test(value);
  const hint = isPlain ? '; set allowInsecureWebhooks to true if anybody on the way may read the hooks' : '';
  return err(`${name} ${parsed.error}${hint}.`);
}
