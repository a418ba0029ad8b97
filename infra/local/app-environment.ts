import type { SecretTexts } from '../../functions/local/local-secrets.ts';

/** The five variables that an app, the SDK and the command line read. */
export function appEnvironment(
  urls: { readonly apiUrl: string; readonly webSocketUrl: string },
  { apiKeys, webhookSecrets, urlKeys }: SecretTexts,
): Record<string, string> {
  return {
    SOCKETHOOK_API_URL: urls.apiUrl,
    SOCKETHOOK_API_KEY: apiKeys[0] ?? '',
    SOCKETHOOK_WEBHOOK_SECRET: webhookSecrets[0] ?? '',
    SOCKETHOOK_WEBSOCKET_URL: urls.webSocketUrl,
    SOCKETHOOK_URL_KEY: urlKeys[0] ?? '',
  };
}
