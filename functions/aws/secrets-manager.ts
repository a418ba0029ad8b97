import * as v from 'valibot';
import type { Clock, Freshness, Log, Secrets } from '../gateway/ports.ts';
import { parseApiKey } from '../wire/api-key.ts';
import type { Result } from '../wire/result.ts';
import { parseSigningKey, type SigningKey } from '../wire/signature.ts';
import { parseUrlKey, type UrlKey } from '../wire/ticket.ts';
import { AwsService, type Caller } from './client/aws-service.ts';
import { JsonProtocol } from './client/json-protocol.ts';

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

const secretValue = v.object({ SecretString: v.string() });

/** Where Secrets Manager is, and which of its secrets are ours. */
export interface SecretsAddress {
  readonly endpoint: string;
  readonly arns: SecretArns;
}

/** Secrets in Secrets Manager, a list each, separated by commas: rotation needs no deploy. */
export function secretsManager(
  { endpoint, arns }: SecretsAddress,
  caller: Caller,
  clock: Clock,
  log: Pick<Log, 'error'>,
): Secrets {
  const service = new AwsService('secretsmanager', endpoint, caller, clock);
  const manager = new JsonProtocol(service, { target: 'secretsmanager', version: '1.1' }, clock);
  const read = <Key>(arn: string | undefined, parse: (text: string) => Result<Key, string>) =>
    cachedList(clock, log, async () => {
      if (arn === undefined) throw new Error('This function was not given this secret.');
      const { SecretString } = v.parse(secretValue, await manager.run('GetSecretValue', { SecretId: arn }));
      // A comma too many is no entry; a secret without any is malformed.
      const entries = SecretString.replace(/^[\s,]+|[\s,]+$/g, '').split(/[\s,]*,[\s,]*/);
      return entries.map((entry) => wellFormed(parse(entry)));
    });
  const signing = read<SigningKey>(arns.webhookSecrets, parseSigningKey);
  const url = read<UrlKey>(arns.urlKeys, parseUrlKey);
  return { apiKeys: read(arns.apiKeys, parseApiKey), urlKeys: url, signingKeys: () => signing('cached') };
}

/** A fault of the operator: what a secret holds can't be used. Its value is not repeated. */
function wellFormed<Key>(parsed: Result<Key, string>): Key {
  if (parsed.ok) return parsed.value;
  throw new Error(`A secret is malformed: ${parsed.error}.`);
}

function cachedList<Key>(
  clock: Clock,
  log: Pick<Log, 'error'>,
  read: () => Promise<readonly Key[]>,
): (freshness: Freshness) => Promise<readonly Key[]> {
  let list: Promise<readonly Key[]> | undefined;
  // When it is read again: because it is old, and at the soonest because a key did not match.
  let due = Number.NEGATIVE_INFINITY;
  let soonest = due;
  return (freshness) => {
    const now = clock.monotonic();
    if (list !== undefined && now < (freshness === 'cached' ? due : soonest)) return list;
    [due, soonest] = [now + cachedMs, now + soonestMs];
    const before = list;
    // A read that fails leaves what was known, which is better than nothing, and is tried again soon.
    const reading = read().catch((error: unknown) => {
      due = soonest;
      if (list === reading) list = before;
      if (before === undefined) throw error;
      log.error('fault', { request: 'secret', why: String(error) });
      return before;
    });
    list = reading;
    return reading;
  };
}
