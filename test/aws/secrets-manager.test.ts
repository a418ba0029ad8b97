import { expect, test } from 'vitest';
import { secretsManager } from '../../functions/aws/secrets-manager.ts';
import { systemClock } from '../../functions/node/system-clock.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { testSecrets } from '../support/local.ts';
import { RecordingLog } from '../support/recording-log.ts';
import { JsonService } from './json-service.ts';
import { RecordingService } from './recording-service.ts';

/** Secrets Manager with one secret, and how often it was read. */
async function start(value: string) {
  const state = { value, reads: 0 };
  const service = new JsonService({
    GetSecretValue: () => {
      state.reads += 1;
      return { SecretString: state.value };
    },
  });
  const clock = new ManualClock();
  const log = new RecordingLog();
  const address = {
    endpoint: await service.listen(),
    arns: { ...none, apiKeys: 'keys' },
  };
  return {
    state,
    clock,
    log,
    secrets: secretsManager(address, caller, clock, log),
    stop: () => service.stop(),
  };
}

const none = { apiKeys: undefined, webhookSecrets: undefined, urlKeys: undefined };
const caller = { region: 'eu-central-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
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

test('a list that can’t be read any more leaves the one that was known, logged, and is tried again soon', async () => {
  const { state, clock, log, secrets, stop } = await start(one);
  await secrets.apiKeys('cached');
  state.value = 'short-secret';
  await clock.advance(300_000);
  expect(await secrets.apiKeys('cached')).toEqual([one]);
  expect(await secrets.apiKeys('cached')).toEqual([one]);
  expect([state.reads, log.of('fault').length]).toEqual([2, 1]);
  expect(JSON.stringify(log.lines)).not.toContain('short-secret');
  // Nobody's wrong key has it read more often.
  expect(await secrets.apiKeys('fresh')).toEqual([one]);
  expect(state.reads).toBe(2);
  state.value = two;
  await clock.advance(29_999);
  expect(await secrets.apiKeys('cached')).toEqual([one]);
  await clock.advance(1);
  expect(await secrets.apiKeys('cached')).toEqual([two]);
  await stop();
});

test('a comma too many is no key', async () => {
  const { secrets, stop } = await start(`${one}, ,${two},`);
  expect(await secrets.apiKeys('cached')).toEqual([one, two]);
  await stop();
});

test('a function that was not given a secret says so', async () => {
  const { secrets, stop } = await start(one);
  await expect(secrets.urlKeys('cached')).rejects.toThrow('This function was not given this secret.');
  await stop();
});

test.for([
  { name: 'that is no text', answer: { body: '{"SecretBinary":"c2VjcmV0"}' } },
  { name: 'whose answer is no JSON', answer: { body: 'a-secret-0123456789' } },
])('a secret $name is a fault that does not repeat it', async ({ answer }) => {
  const service = new RecordingService(answer);
  const address = { endpoint: await service.listen(), arns: { ...none, apiKeys: 'keys' } };
  const clock = { ...systemClock, sleep: async () => {} };
  const told = await secretsManager(address, caller, clock, new RecordingLog())
    .apiKeys('cached')
    .catch(String);
  expect(told).toMatch(/Error: (?!.*(?:a-secret|c2Vj))/);
  await service.stop();
});
