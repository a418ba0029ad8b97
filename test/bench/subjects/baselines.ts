import { apiKey } from './api-key.ts';
import { nodeSubject } from './node-subject.ts';

/** The hand-written forwarder: `ws` and an undici `Pool`, without a signature. */
export const forwarder = nodeSubject('forwarder', ({ port, webhookBaseUrl }) => ({
  file: new URL('../servers/forwarder.ts', import.meta.url),
  env: { PORT: String(port), WEBHOOK_BASE_URL: webhookBaseUrl, API_KEY: apiKey },
}));

/** The floor: bare `ws`, without an app. */
export const floor = nodeSubject('bare ws', ({ port }) => ({
  file: new URL('../servers/floor.ts', import.meta.url),
  env: { PORT: String(port) },
}));
