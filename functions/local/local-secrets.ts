import type { Secrets } from '../gateway/ports.ts';
import { parseSigningKey, type SigningKey } from '../wire/signature.ts';
import { parseUrlKey, type UrlKey } from '../wire/ticket.ts';

/** The lists of secrets as text. Each entry has been checked to be well-formed. */
export interface SecretTexts {
  readonly apiKeys: readonly string[];
  readonly webhookSecrets: readonly string[];
  readonly urlKeys: readonly string[];
}

/** Secrets that never change while the process runs, so that fresh ones equal cached ones. */
export function localSecrets({ apiKeys, webhookSecrets, urlKeys }: SecretTexts): Secrets {
  const signing: readonly SigningKey[] = webhookSecrets.flatMap((secret) => {
    const key = parseSigningKey(secret);
    return key.ok ? [key.value] : [];
  });
  const url: readonly UrlKey[] = urlKeys.flatMap((text) => {
    const key = parseUrlKey(text);
    return key.ok ? [key.value] : [];
  });
  return { apiKeys: async () => apiKeys, urlKeys: async () => url, signingKeys: () => signing };
}
