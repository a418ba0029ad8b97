import * as v from 'valibot';
import type { Clock, Freshness, Log, Secrets } from '../gateway/ports.ts';
import { parseApiKey } from '../wire/api-key.ts';
import type { Result } from '../wire/result.ts';
import { parseSigningKey, type SigningKey } from '../wire/signature.ts';
import { parseUrlKey, type UrlKey } from '../wire/ticket.ts';
import { AwsService, type Caller } from './client/aws-service.ts';
import { JsonProtocol } from './client/json-protocol.ts';

/** How long a list is cached, in milliseconds. */
const cachedMs = 300_000;
/** The shortest time between reads because no key matched, in milliseconds: else any caller could cause a read each time. */
const minRefreshMs = 30_000;

/** The secrets that hold the lists. A function gets only those that it needs. */
export interface SecretArns {
  readonly apiKeys: string | undefined;
  readonly webhookSecrets: string | undefined;
  readonly urlKeys: string | undefined;
}

const secretValue = v.object({ SecretString: v.string() });

/** The URL of Secrets Manager, and our secrets in it. */
export interface SecretsAddress {
  readonly endpoint: string;
  readonly arns: SecretArns;
}

/** Secrets in Secrets Manager. Each holds a list, separated by commas, so rotation needs no deployment. */
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
      // An extra comma adds no entry. A secret without entries is malformed.
      const entries = SecretString.replace(/^[\s,]+|[\s,]+$/g, '').split(/[\s,]*,[\s,]*/);
      return entries.map((entry) => wellFormed(parse(entry)));
    });
  const signing = read<SigningKey>(arns.webhookSecrets, parseSigningKey);
  const url = read<UrlKey>(arns.urlKeys, parseUrlKey);
  return { apiKeys: read(arns.apiKeys, parseApiKey), urlKeys: url, signingKeys: () => signing('cached') };
}

/** Throws if the operator's secret is malformed. The error does not repeat its value. */
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
  // When to read the list again: because it is old, and at the earliest because no key matched.
  let due = Number.NEGATIVE_INFINITY;
  let soonest = due;
  return (freshness) => {
    const now = clock.monotonic();
    if (list !== undefined && now < (freshness === 'cached' ? due : soonest)) return list;
    [due, soonest] = [now + cachedMs, now + minRefreshMs];
    const before = list;
    // If a read fails, the old list stays in use, and the next read comes soon.
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
