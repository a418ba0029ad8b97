import { Aws } from 'aws-cdk-lib';
import type { Resources } from './permissions.ts';
import type { Settings } from './setting-rules.ts';

/** The environment of every function; `functions/aws/settings.ts` reads it. */
export type Environment = Readonly<Record<string, string>> & { readonly WEBSOCKET_URL: string };

/** Writes the settings as environment variables. `domain` is the user's domain name for the WebSocket API. */
export function environmentOf(
  settings: Settings,
  { table, groups, tasks, stage }: Resources,
  domain: string | undefined,
): Environment {
  const { apiId } = stage.api;
  const withApi = (url: string | undefined): string | undefined => url?.replaceAll('{apiId}', apiId);
  const { allowedOrigins } = settings;
  return {
    WEBHOOK_BASE_URL: settings.webhookBaseUrl,
    WEBHOOK_FORMAT: settings.webhookFormat,
    HOOKS: [...settings.hooks].join(','),
    HOOK_TIMEOUT_MS: String(settings.hookTimeoutMs),
    MESSAGE_FAILURE: settings.messageFailure,
    MESSAGE_RETRY_MINUTES: String(settings.messageRetryMinutes),
    PRESENCE_GRACE_MS: String(settings.presenceGraceMs),
    FORWARD_HEADERS: settings.forwardHeaders.join(','),
    REQUIRE_TICKET: String(settings.requireTicket),
    ...(allowedOrigins === undefined ? {} : { ALLOWED_ORIGINS: [...allowedOrigins].join(',') }),
    WEBSOCKET_URL: withApi(settings.webSocketUrl) ?? (domain === undefined ? stage.url : `wss://${domain}`),
    CALLBACK_URL: withApi(settings.callbackUrl) ?? stage.callbackUrl,
    TABLE_NAME: table.tableName,
    GROUPS_TABLE_NAME: groups.tableName,
    QUEUE_URL: tasks.queue.queueUrl,
    MAX_POSTS_PER_SECOND: String(settings.maxPostsPerSecond),
    REPLY_BY: settings.replyBy,
    MESSAGE_INVOCATION: settings.messageInvocation,
    API_AUTH: settings.apiAuth,
    PROBE_MINUTES: String(settings.probeMinutes),
    URL_SUFFIX: Aws.URL_SUFFIX,
    GATEWAY_NAME: apiId,
  };
}
