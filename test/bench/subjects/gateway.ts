import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { apiKey } from './api-key.ts';
import { nodeSubject } from './node-subject.ts';
import type { Subject } from './subject.ts';

const ours = new URL('../../../', import.meta.url);

/** The gateway as `npm start` runs it, with its default settings. Every hook is signed. */
export function gateway(nodeOptions: readonly string[] = []): Subject {
  return gatewayOf('gateway', ours, nodeOptions);
}

/** The same as `npm run start:bun` runs it. */
export const gatewayOnBun: Subject = subjectOf('gateway on Bun', start(ours), [], { isOnBun: true });

/** Another version of the gateway to compare with: the clone that `BENCH_BEFORE` names, if it is set. */
export function before(): readonly Subject[] {
  const clone = process.env['BENCH_BEFORE'];
  return clone === undefined ? [] : [gatewayOf('before', pathToFileURL(`${resolve(clone)}/`), [])];
}

/** The gateway without a store, so that nothing outlives its process. */
export const withoutStore: Subject = subjectOf(
  'without store',
  new URL('../servers/without-store.ts', import.meta.url),
  [],
);

/** The token that opens the inspector of a bench. */
export const benchToken = 'bench-token-0123456789-0123456789';

/** The gateway with its inspector. */
export function inspected(nodeOptions: readonly string[] = []): Subject {
  const file = new URL('../servers/inspected.ts', import.meta.url);
  return subjectOf('inspected', file, nodeOptions, { env: { BENCH_TOKEN: benchToken } });
}

function gatewayOf(name: string, clone: URL, nodeOptions: readonly string[]): Subject {
  return subjectOf(name, start(clone), nodeOptions);
}

function start(clone: URL): URL {
  return new URL('infra/local/start.ts', clone);
}

/** What a gateway of a bench has besides the usual. */
interface Variant {
  readonly env?: Readonly<Record<string, string>>;
  readonly isOnBun?: boolean;
}

function subjectOf(
  name: string,
  file: URL,
  nodeOptions: readonly string[],
  { env = {}, isOnBun = false }: Variant = {},
): Subject {
  return nodeSubject(name, ({ port, webhookBaseUrl }) => ({
    file,
    env: {
      PORT: String(port),
      // Each has a store of its own, which is locked while it runs.
      SOCKETHOOK_DIR: mkdtempSync(join(tmpdir(), 'sockethook-bench-')),
      WEBHOOK_BASE_URL: webhookBaseUrl,
      SOCKETHOOK_API_KEYS: apiKey,
      SOCKETHOOK_WEBHOOK_SECRETS: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      SOCKETHOOK_URL_KEYS: 'bench-url-key-0123456789-0123456789',
      ...env,
    },
    nodeOptions,
    isOnBun,
  }));
}
