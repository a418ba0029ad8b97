/** Keeps the SDK from warning about future Node.js releases. */
export const sdkQuiet = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' } as const;

/** The environment that a handler reads as it starts. It calls none of these addresses before an event arrives. */
export const handlerEnvironment: Readonly<Record<string, string>> = {
  ...sdkQuiet,
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench',
  WEBHOOK_BASE_URL: 'http://127.0.0.1:9/reply',
  TABLE_NAME: 'sockets',
  GROUPS_TABLE_NAME: 'groups',
  QUEUE_URL: 'http://127.0.0.1:9/queue',
  CALLBACK_URL: 'http://127.0.0.1:9',
  WEBSOCKET_URL: 'ws://127.0.0.1:9',
  API_KEYS_SECRET: 'apiKeys',
  WEBHOOK_SECRETS_SECRET: 'webhookSecrets',
  URL_KEYS_SECRET: 'urlKeys',
};
