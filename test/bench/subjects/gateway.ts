import { apiKey } from './api-key.ts';
import { nodeSubject } from './node-subject.ts';
import type { Subject } from './subject.ts';

/** The gateway as `npm start` runs it, with the settings that it has by default; every hook is signed. */
export function gateway(nodeOptions: readonly string[] = []): Subject {
  return nodeSubject('gateway', ({ port, webhookBaseUrl }) => ({
    file: new URL('../../../infra/local/start.ts', import.meta.url),
    env: {
      PORT: String(port),
      WEBHOOK_BASE_URL: webhookBaseUrl,
      SOCKETHOOK_API_KEYS: apiKey,
      SOCKETHOOK_WEBHOOK_SECRETS: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      SOCKETHOOK_URL_KEYS: 'bench-url-key-0123456789-0123456789',
    },
    nodeOptions,
  }));
}
