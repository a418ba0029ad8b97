import type { Secrets } from '../gateway/ports.ts';
import { parseSigningKey, type SigningKey } from '../wire/signature.ts';
import { parseUrlKey, type UrlKey } from '../wire/ticket.ts';

/** The lists of secrets as text. Each entry has been checked to be well-formed. */
export interface SecretTexts {
  readonly apiKeys: readonly string[];
  readonly webhookSecrets: readonly string[];
  readonly urlKeys: readonly string[];
}

/** Secrets in memory, so that fresh ones equal cached ones. */
export interface LocalSecrets extends Secrets {
  /** From now on these count, and no others. */
  replace(texts: SecretTexts): void;
}

/** The secrets of a gateway in one process. */
export function localSecrets(texts: SecretTexts): LocalSecrets {
  let current = keysOf(texts);
  return {
    apiKeys: async () => current.api,
    urlKeys: async () => current.url,
    signingKeys: () => current.signing,
    replace(texts) {
      current = keysOf(texts);
    },
  };
}

function keysOf({ apiKeys, webhookSecrets, urlKeys }: SecretTexts) {
  const signing: readonly SigningKey[] = webhookSecrets.flatMap((secret) => {
    const key = parseSigningKey(secret);
    return key.ok ? [key.value] : [];
  });
  const url: readonly UrlKey[] = urlKeys.flatMap((text) => {
    const key = parseUrlKey(text);
    return key.ok ? [key.value] : [];
  });
  return { api: apiKeys, url, signing };
}
