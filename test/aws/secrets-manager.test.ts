import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { expect, test } from 'vitest';
import { secretsManager } from '../../functions/aws/secrets-manager.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { testSecrets } from '../support/local.ts';
import { JsonService } from './json-service.ts';

/** Secrets Manager with one secret, and how often it was read. */
async function start(value: string) {
  const state = { value, reads: 0 };
  const service = new JsonService({
    GetSecretValue: () => {
      state.reads += 1;
      return { SecretString: state.value };
    },
  });
  const client = new SecretsManagerClient({
    endpoint: await service.listen(),
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  const clock = new ManualClock();
  const arns = { apiKeys: 'keys', webhookSecrets: undefined, urlKeys: undefined };
  return { state, clock, secrets: secretsManager(client, arns, clock), stop: () => service.stop() };
}

const [one = '', two = ''] = testSecrets.apiKeys;

test('a list is read once in 5 minutes, however many ask at once', async () => {
  const { state, clock, secrets, stop } = await start(`${one}, ${two}`);
  const lists = await Promise.all([secrets.apiKeys('cached'), secrets.apiKeys('cached')]);
  expect(lists).toEqual([
    [one, two],
    [one, two],
  ]);
  await clock.advance(299_999);
  await secrets.apiKeys('cached');
  expect(state.reads).toBe(1);
  await clock.advance(1);
  await secrets.apiKeys('cached');
  expect(state.reads).toBe(2);
  await stop();
});

test('a key that does not match has the list read again, but not more often than every 30 seconds', async () => {
  const { state, clock, secrets, stop } = await start(one);
  const cached = await secrets.apiKeys('cached');
  state.value = `${one},${two}`;
  await clock.advance(29_999);
  expect(await secrets.apiKeys('fresh')).toBe(cached);
  await clock.advance(1);
  expect(await secrets.apiKeys('fresh')).toEqual([one, two]);
  expect(state.reads).toBe(2);
  await stop();
});

test('a list that is malformed is a fault that does not repeat it, and is read again the next time', async () => {
  const { state, secrets, stop } = await start('short-secret');
  await expect(secrets.apiKeys('cached')).rejects.toThrow(/^A secret is malformed: (?!.*short-secret)/);
  state.value = one;
  expect(await secrets.apiKeys('cached')).toEqual([one]);
  await stop();
});

test('a function that was not given a secret says so', async () => {
  const { secrets, stop } = await start(one);
  await expect(secrets.urlKeys('cached')).rejects.toThrow('This function was not given this secret.');
  await stop();
});
