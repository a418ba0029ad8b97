import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Lazy, Stack } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import { parseContext } from '../../infra/aws/context.ts';
import { Sockethook } from '../../infra/aws/sockethook.ts';
import { quickApp, Synthesised } from './synthesised.ts';

const base = 'webhookBaseUrl';
const good = { webhookBaseUrl: 'https://app.example/websocket' };

/** The sentences about a context; none if it is fine. */
function errorsOf(context: Readonly<Record<string, unknown>>): string[] {
  const settings = parseContext(context);
  return settings.ok ? [] : settings.error;
}

describe('where hooks go', () => {
  test.for<[string, Record<string, unknown>, string]>([
    ['missing', {}, `${base} is missing; it says where hooks go, such as https://app.example/websocket.`],
    [
      'empty',
      { [base]: '' },
      `${base} is missing; it says where hooks go, such as https://app.example/websocket.`,
    ],
    ['no URL', { [base]: 'app.example' }, `${base} must be a URL such as https://app.example/websocket.`],
    [
      'plain http',
      { [base]: 'http://app.example/websocket' },
      `${base} must begin with https://; set allowInsecureWebhooks to true if anybody on the way may read the hooks.`,
    ],
    ['another scheme', { [base]: 'ftp://app.example/' }, `${base} must begin with https://.`],
    [
      'with a query',
      { [base]: 'https://app.example/websocket?' },
      `${base} must have no query and no fragment.`,
    ],
    [
      'with a fragment',
      { [base]: 'https://app.example/websocket#x' },
      `${base} must have no query and no fragment.`,
    ],
    [
      'with a segment that is the name of a hook',
      { [base]: 'https://app.example/message/x' },
      `${base} must have no segment called handshake, message, closed, joined, left: what follows it names the hook.`,
    ],
    [
      'with credentials',
      { [base]: 'https://me:secret@app.example/' },
      `${base} must have no user name and no password in it.`,
    ],
    [
      'with credentials over http, though that is allowed',
      { [base]: 'http://me@app.example/', allowInsecureWebhooks: 'true' },
      `${base} must have no user name and no password in it.`,
    ],
  ])('%s stops the synth with a sentence', ([, context, sentence]) => {
    expect(errorsOf(context)).toEqual([sentence]);
  });

  test('plain http is fine once it is allowed', () => {
    expect(errorsOf({ [base]: 'http://app.example/websocket', allowInsecureWebhooks: true })).toEqual([]);
  });

  test('no sentence repeats a password', () => {
    expect(errorsOf({ [base]: 'https://me:secret@app.example/' }).join()).not.toContain('secret');
  });
});

describe('the other settings', () => {
  test.for<[string, unknown, string]>([
    ['webhookFormat', 'xml', 'must be form or json'],
    ['hooks', 'message,open', 'must be some of handshake, message, closed, joined, left'],
    ['hooks', ',', 'must be some of handshake, message, closed, joined, left'],
    ['hooks', 'message,joined', 'must name both of joined and left, or none'],
    ['hookTimeoutMs', 20_001, 'must be a whole number from 1 to 20000'],
    ['hookTimeoutMs', 0.5, 'must be a whole number from 1 to 20000'],
    ['requireTicket', 'yes', 'must be true or false'],
    [
      'allowedOrigins',
      'app.example',
      'must be origins such as https://app.example or capacitor://localhost, separated by commas',
    ],
    [
      'allowedOrigins',
      ['capacitor://localhost', 'https://app.example/'],
      'must be origins, which end with the host or the port: no slash, no path, no query',
    ],
    ['allowedOrigins', '*', 'must name each origin; leave it out to let pages of any origin connect'],
    ['probeMinutes', 1_441, 'must be a whole number from 0 to 1440'],
    ['replyBy', 'mail', 'must be route or post'],
    ['messageInvocation', 'async', 'must be request or event'],
    ['apiAuth', 'none', 'must be key or iam'],
    ['connectConcurrency', 0, 'must be a whole number from 1 to 1000000'],
    ['taskConcurrency', 1, 'must be a whole number from 2 to 1000'],
    ['taskConcurrency', 1_001, 'must be a whole number from 2 to 1000'],
    ['retryConcurrency', 1, 'must be a whole number from 2 to 1000'],
    ['retryConcurrency', 1_001, 'must be a whole number from 2 to 1000'],
    ['messageFailure', 'forget', 'must be retry, close or drop'],
    ['messageRetryMinutes', 0, 'must be a whole number from 1 to 2880'],
    ['messageRetryMinutes', 2_881, 'must be a whole number from 1 to 2880'],
    ['presenceGraceMs', -1, 'must be a whole number from 0 to 900000'],
    ['presenceGraceMs', 900_001, 'must be a whole number from 0 to 900000'],
    ['maxPostsPerSecond', 99, 'must be a whole number from 100 to 20000'],
    ['maxPostsPerSecond', 20_001, 'must be a whole number from 100 to 20000'],
    ['callbackUrl', 'ws://x', 'must be an http:// or https:// URL without a query'],
    ['webSocketUrl', 'wss://x?y', 'must be a ws:// or wss:// URL without a query'],
    ['stackName', '1st', 'must be letters, digits and hyphens, a letter first, 117 at most'],
    ['removalPolicy', 'snapshot', 'must be destroy or retain'],
    ['alarmTopicArn', 'topic', 'must be the ARN of an SNS topic'],
  ])('%s may not be %j', ([name, value, rule]) => {
    expect(errorsOf({ ...good, [name]: value })).toEqual([`${name} ${rule}.`]);
  });

  test.for([100, 20_000])('maxPostsPerSecond may be %i', (maxPostsPerSecond) => {
    expect(errorsOf({ ...good, maxPostsPerSecond })).toEqual([]);
  });

  test.for([
    ...[2, 1_000].map((retryConcurrency) => ({ retryConcurrency })),
    ...[1, 2_880].map((messageRetryMinutes) => ({ messageRetryMinutes })),
    ...[0, 900_000].map((presenceGraceMs) => ({ presenceGraceMs })),
    ...['retry', 'close', 'drop'].map((messageFailure) => ({ messageFailure })),
    ...['request', 'event'].map((messageInvocation) => ({ messageInvocation })),
    { messageInvocation: 'request', replyBy: 'route' },
  ])('%j is fine', (given) => {
    expect(errorsOf({ ...good, ...given })).toEqual([]);
  });

  test.for([127, 10_241, 'tasks=64', 'deliver=', 'mail=512', ',', { send: 64 }, { mail: 512 }])(
    'memoryMb may not be %j',
    (memoryMb) => {
      expect(errorsOf({ ...good, memoryMb })).toEqual([
        expect.stringMatching(
          /^memoryMb must be a whole number from 128 to 10240, or such numbers by function/,
        ),
      ]);
    },
  );

  test('memory is set for all functions, or for some by their names, and others keep what is theirs', () => {
    const sizes = (memoryMb: unknown) => {
      const set = Synthesised.of({ memoryMb });
      return ['tasks', 'sweep', 'health'].map((name) => set.lambda(name).Properties['MemorySize']);
    };
    expect(sizes(undefined)).toEqual([1_024, 512, 256]);
    expect(sizes(128)).toEqual([128, 128, 128]);
    expect(sizes('10240')).toEqual([10_240, 10_240, 10_240]);
    expect(sizes('tasks=2048, health=128')).toEqual([2_048, 512, 128]);
    expect(sizes({ sweep: 1_769 })).toEqual([1_024, 1_769, 256]);
  });

  test('memory is set for a function with a hyphen in its name', () => {
    const set = Synthesised.of({ memoryMb: 'dead-letters=512' });
    expect(set.lambda('deadletters').Properties['MemorySize']).toBe(512);
  });

  test('a number of days that CloudWatch does not know is refused with those that it does', () => {
    expect(errorsOf({ ...good, logRetentionDays: 10 })).toEqual([
      expect.stringMatching(/^logRetentionDays must be one of 1, 3, 5, 7, 14, 30,/),
    ]);
  });

  test('the name of a stack leaves room for what the names of its APIs add', () => {
    const stackName = 'S'.repeat(117);
    const apis = Synthesised.of({ stackName }).all('AWS::ApiGatewayV2::Api');
    const names = apis.map(([, { Properties }]) => String(Properties['Name']));
    expect(Math.max(...names.map(({ length }) => length))).toBe(128);
    expect(errorsOf({ ...good, stackName: `${stackName}S` })).toEqual([
      expect.stringMatching(/^stackName .* 117 at most\.$/),
    ]);
  });

  test('a name that is misspelt is refused, since it would not be set', () => {
    expect(errorsOf({ ...good, requireTickets: 'true' })).toEqual([
      expect.stringMatching(/^requireTickets is not a setting; the settings are .*\brequireTicket\b/),
    ]);
  });

  test('what CDK itself puts into the context is none of ours', () => {
    expect(errorsOf({ ...good, 'aws:cdk:enable-path-metadata': true, '@aws-cdk/core:x': true })).toEqual([]);
  });

  test('a domain comes with its certificate', () => {
    expect(errorsOf({ ...good, domainName: 'ws.example.com' })).toEqual([
      'domainName and certificateArn go together.',
    ]);
  });

  test('no reply can travel by the route of a message that is queued', () => {
    expect(errorsOf({ ...good, messageInvocation: 'event', replyBy: 'route' })).toEqual([
      'replyBy route needs messageInvocation request: nothing travels back from a queued message.',
    ]);
  });

  test('everything that is wrong is said at once', () => {
    expect(errorsOf({ hookTimeoutMs: 'soon', replyBy: 'mail', stackName: '-', color: 'blue' })).toHaveLength(
      5,
    );
  });

  test('cdk.json may have values and lists where a command line has texts', () => {
    const set = Synthesised.of({ hooks: ['message'], requireTicket: true, hookTimeoutMs: 500 });
    const { Variables } = set.lambda('connect').Properties['Environment'] as { Variables: object };
    expect(Variables).toMatchObject({ HOOKS: 'message', REQUIRE_TICKET: 'true', HOOK_TIMEOUT_MS: '500' });
  });
});

describe('the construct', () => {
  const stack = () => new Stack(quickApp(), 'Test');

  test('refuses what the context would refuse, all at once', () => {
    const make = () =>
      new Sockethook(stack(), 'Gateway', { webhookBaseUrl: 'http://app.example', hookTimeoutMs: 30_000 });
    expect(make).toThrow(/webhookBaseUrl must begin with https.*hookTimeoutMs must be a whole number/);
  });

  test('takes a base URL that another resource will have only when it is deployed', () => {
    const url = Lazy.string({ produce: () => 'https://later.example/' });
    const gateway = new Sockethook(stack(), 'Gateway', { webhookBaseUrl: `${url}websocket` });
    const set = new Synthesised(Stack.of(gateway));
    const { Variables } = set.lambda('connect').Properties['Environment'] as { Variables: object };
    expect(Variables).toMatchObject({ WEBHOOK_BASE_URL: 'https://later.example/websocket' });
  });

  test('stands twice in one stack', () => {
    const both = stack();
    new Sockethook(both, 'One', good);
    new Sockethook(both, 'Two', { ...good, hooks: ['message'], allowedOrigins: ['https://app.example'] });
    expect(new Synthesised(both).all('AWS::Lambda::Function')).toHaveLength(30);
  });
});

test('cdk synth without a value ends with the sentences and nothing else', async () => {
  const app = promisify(execFile)('node', ['--import', 'tsx', 'infra/app.ts'], {
    env: { ...process.env, CDK_CONTEXT_JSON: '{"hookTimeoutMs":"soon"}' },
  });
  await expect(app).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: [
      `${base} is missing; it says where hooks go, such as https://app.example/websocket.`,
      'hookTimeoutMs must be a whole number from 1 to 20000.',
      'Write each as -c name=value, or in the "context" of cdk.json.',
      '',
    ].join('\n'),
  });
});
