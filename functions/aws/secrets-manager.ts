import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Clock, Freshness, Secrets } from '../gateway/ports.ts';
import { parseApiKey } from '../wire/api-key.ts';
import type { Result } from '../wire/result.ts';
import { parseSigningKey, type SigningKey } from '../wire/signature.ts';
import { parseUrlKey, type UrlKey } from '../wire/ticket.ts';

/** How long a list is good without being read again, in milliseconds. */
const cachedMs = 300_000;
/** How often a list is read at most because no key of it matched: else anybody could make us read it all the time. */
const soonestMs = 30_000;

/** Which secrets hold the lists; a function is given only those that it needs. */
export interface SecretArns {
  readonly apiKeys: string | undefined;
  readonly webhookSecrets: string | undefined;
  readonly urlKeys: string | undefined;
}

/** Secrets in Secrets Manager, a list each, separated by commas: rotation needs no deploy. */
export function secretsManager(client: SecretsManagerClient, arns: SecretArns, clock: Clock): Secrets {
  const read = <Key>(arn: string | undefined, parse: (text: string) => Result<Key, string>) =>
    cachedList(clock, async () => {
      if (arn === undefined) throw new Error('This function was not given this secret.');
      const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
      return SecretString.split(',').map((entry) => wellFormed(parse(entry.trim())));
    });
  const signing = read<SigningKey>(arns.webhookSecrets, parseSigningKey);
  const url = read<UrlKey>(arns.urlKeys, parseUrlKey);
  return { apiKeys: read(arns.apiKeys, parseApiKey), urlKeys: url, signingKeys: () => signing('cached') };
}

/** A fault of the operator: what a secret holds can't be used. Its value is not repeated. */
function wellFormed<Key>(parsed: Result<Key, string>): Key {
  if (parsed.ok) return parsed.value;
  throw new Error(`A secret is malformed: ${parsed.fault}.`);
}

function cachedList<Key>(
  clock: Clock,
  read: () => Promise<readonly Key[]>,
): (freshness: Freshness) => Promise<readonly Key[]> {
  let list: Promise<readonly Key[]> | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  return (freshness) => {
    const age = clock.now() - readAt;
    if (list !== undefined && age < (freshness === 'cached' ? cachedMs : soonestMs)) return list;
    readAt = clock.now();
    list = read();
    // A failed read is not kept.
    list.catch(() => {
      list = undefined;
    });
    return list;
  };
}
