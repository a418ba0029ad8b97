import { describe, expect, test } from 'vitest';
import { parseSettings } from '../../functions/aws/settings.ts';

/** What the stack and Lambda set. */
const environment = {
  WEBHOOK_BASE_URL: 'https://app.example/websocket',
  WEBSOCKET_URL: 'wss://abc.execute-api.eu-central-1.amazonaws.com/prod',
  CALLBACK_URL: 'https://abc.execute-api.eu-central-1.amazonaws.com/prod',
  TABLE_NAME: 'sockets',
  GROUPS_TABLE_NAME: 'groups',
  QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/123456789012/tasks',
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'AKID',
  AWS_SECRET_ACCESS_KEY: 'a-secret',
  AWS_SESSION_TOKEN: 'a-token',
};

const endpointsOf = (set: Readonly<Record<string, string>>) => {
  const { table, queue, secrets } = parseSettings({ ...environment, ...set });
  return [table.endpoint, queue.endpoint, secrets.endpoint];
};

describe('the settings of a function', () => {
  test('say who calls AWS from where', () => {
    expect(parseSettings(environment).caller).toEqual({
      region: 'eu-central-1',
      credentials: { accessKeyId: 'AKID', secretAccessKey: 'a-secret', sessionToken: 'a-token' },
      connections: 128,
    });
  });

  test.for([
    { memoryMb: 128, connections: 16 },
    { memoryMb: 256, connections: 21 },
    { memoryMb: 1_024, connections: 85 },
    { memoryMb: 10_240, connections: 128 },
  ])('let a function of $memoryMb MB have $connections connections to a service', (given) => {
    const sized = { ...environment, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(given.memoryMb) };
    expect(parseSettings(sized).caller.connections).toBe(given.connections);
  });

  test('write the base URL of hooks as it is used, also one that was not known when the stack was checked', () => {
    const set = { ...environment, WEBHOOK_BASE_URL: 'https://app.example:443/' };
    expect(parseSettings(set).gateway.webhookBaseUrl).toBe('https://app.example');
    const query = { ...environment, WEBHOOK_BASE_URL: 'https://app.example/?a=b' };
    expect(() => parseSettings(query)).toThrow('no query');
  });

  test('say how fast broadcasts are posted, which is 6,000 a second unless it is set', () => {
    const rate = (MAX_POSTS_PER_SECOND: string) =>
      parseSettings({ ...environment, MAX_POSTS_PER_SECOND }).gateway.maxPostsPerSecond;
    expect(['', '100', '20000'].map(rate)).toEqual([6_000, 100, 20_000]);
    for (const wrong of ['99', '20001', 'fast'])
      expect(() => rate(wrong)).toThrow('MAX_POSTS_PER_SECOND must be a whole number from 100 to 20000.');
  });

  test('say what becomes of a message that fails, which is retried for 6 hours unless it is set', () => {
    const set = (given: Readonly<Record<string, string>>) => {
      const { messageFailure, messageRetryMs } = parseSettings({ ...environment, ...given }).gateway;
      return [messageFailure, messageRetryMs];
    };
    expect(set({})).toEqual(['retry', 21_600_000]);
    expect(set({ MESSAGE_FAILURE: 'close', MESSAGE_RETRY_MINUTES: '1' })).toEqual(['close', 60_000]);
    expect(set({ MESSAGE_FAILURE: 'drop', MESSAGE_RETRY_MINUTES: '2880' })).toEqual(['drop', 172_800_000]);
    expect(() => set({ MESSAGE_FAILURE: 'forget' })).toThrow('MESSAGE_FAILURE must be retry, close or drop.');
    for (const MESSAGE_RETRY_MINUTES of ['0', '2881', '1.5'])
      expect(() => set({ MESSAGE_RETRY_MINUTES })).toThrow(
        'MESSAGE_RETRY_MINUTES must be a whole number from 1 to 2880.',
      );
  });

  test('name the queue of presence only to a function that has to do with it', () => {
    expect(parseSettings(environment).queue.presence).toBeUndefined();
    const PRESENCE_QUEUE_URL = 'https://sqs/1/presence';
    expect(parseSettings({ ...environment, PRESENCE_QUEUE_URL }).queue.presence).toBe(PRESENCE_QUEUE_URL);
    expect(() => parseSettings({ ...environment, PRESENCE_QUEUE_URL: 'presence' })).toThrow(
      'PRESENCE_QUEUE_URL must be a URL.',
    );
  });

  test('name the table and the queues of retries only to a function that has to do with them', () => {
    const none = parseSettings(environment);
    expect([none.table.deadLetters, none.queue.retries, none.queue.deadRetries]).toEqual([
      '',
      undefined,
      undefined,
    ]);
    const urls = { RETRY_QUEUE_URL: 'https://sqs/1/retries', DEAD_RETRY_QUEUE_URL: 'https://sqs/1/dead' };
    const all = parseSettings({ ...environment, ...urls, DEAD_LETTERS_TABLE_NAME: 'letters' });
    expect(all.table.deadLetters).toBe('letters');
    expect(all.queue).toMatchObject({
      retries: urls.RETRY_QUEUE_URL,
      deadRetries: urls.DEAD_RETRY_QUEUE_URL,
    });
    expect(() => parseSettings({ ...environment, RETRY_QUEUE_URL: 'retries' })).toThrow(
      'RETRY_QUEUE_URL must be a URL.',
    );
  });

  test('need no session, which a user of an emulator has none of', () => {
    const { caller } = parseSettings({ ...environment, AWS_SESSION_TOKEN: '' });
    expect(caller.credentials.sessionToken).toBeUndefined();
  });

  test('name everything that is missing or malformed at once, and no value of a secret', () => {
    const set = {
      WEBHOOK_BASE_URL: '',
      CALLBACK_URL: 'abc.execute-api.eu-central-1.amazonaws.com',
      QUEUE_URL: 'tasks',
      HOOK_TIMEOUT_MS: '1s',
      AWS_ENDPOINT_URL_SQS: 'file:///sqs',
      AWS_SECRET_ACCESS_KEY: 'a-secret',
    };
    expect(() => parseSettings(set)).toThrow(
      [
        'WEBHOOK_BASE_URL must be set.',
        'HOOK_TIMEOUT_MS must be a whole number from 1 to 20000.',
        'WEBSOCKET_URL must be set.',
        'CALLBACK_URL must be a URL.',
        'TABLE_NAME must be set.',
        'GROUPS_TABLE_NAME must be set.',
        'QUEUE_URL must be a URL.',
        'AWS_REGION must be set.',
        'AWS_ACCESS_KEY_ID must be set.',
        'AWS_ENDPOINT_URL_SQS must be a URL.',
      ].join(' '),
    );
  });
});

describe('services are', () => {
  const sqs = 'https://sqs.eu-central-1.amazonaws.com';

  test('where AWS has them in the region', () => {
    expect(endpointsOf({})).toEqual([
      'https://dynamodb.eu-central-1.amazonaws.com',
      sqs,
      'https://secretsmanager.eu-central-1.amazonaws.com',
    ]);
  });

  test.for([
    ['China', 'cn-north-1', 'amazonaws.com.cn'],
    ['the European Sovereign Cloud', 'eusc-de-east-1', 'amazonaws.eu'],
  ] as const)('under another domain in %s, as the stack says', ([, region, suffix]) => {
    const [table, , secrets] = endpointsOf({ AWS_REGION: region, URL_SUFFIX: suffix });
    expect(table).toBe(`https://dynamodb.${region}.${suffix}`);
    expect(secrets).toBe(`https://secretsmanager.${region}.${suffix}`);
  });

  test('where the queue is, for SQS', () => {
    expect(endpointsOf({ QUEUE_URL: 'http://127.0.0.1:4566/000000000000/tasks' })[1]).toBe(
      'http://127.0.0.1:4566',
    );
  });

  test('all where an emulator of all is', () => {
    const emulator = 'http://127.0.0.1:4566';
    expect(endpointsOf({ AWS_ENDPOINT_URL: emulator })).toEqual([emulator, emulator, emulator]);
  });

  test('each where its own emulator is', () => {
    const own = {
      AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:1',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://127.0.0.1:2',
      AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:3',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:4',
    };
    expect(endpointsOf(own)).toEqual(['http://127.0.0.1:3', 'http://127.0.0.1:1', 'http://127.0.0.1:2']);
  });
});
