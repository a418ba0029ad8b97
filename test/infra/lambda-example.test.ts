import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FunctionUrlEvent } from '../../examples/lambda/function-url.ts';
import { LambdaApp } from '../../examples/lambda/stack.ts';
import { JsonService } from '../aws/json-service.ts';
import { firstSecret, hookBody, signed } from '../examples/signed.ts';
import { quickApp, Synthesised } from './synthesised.ts';

describe('the stack of the example', () => {
  const set = new Synthesised(new LambdaApp(quickApp(), 'Example'));

  test('sends the hooks to the Function URL of the app', () => {
    const { Variables } = set.lambda('connect').Properties['Environment'] as {
      Variables: Record<string, unknown>;
    };
    expect(set.line(Variables['WEBHOOK_BASE_URL'])).toBe('<AppFunctionUrl.FunctionUrl>websocket');
  });

  test('lets the app read the webhook secrets, and no other', () => {
    const policies = JSON.stringify(set.all('AWS::IAM::Policy'));
    expect(policies).toContain('GatewayWebhookSecrets');
    expect(policies).not.toMatch(/GatewayApiKeys|GatewayUrlKeys/);
    const { Variables } = set.one('AWS::Lambda::Function', 'App').Properties['Environment'] as {
      Variables: object;
    };
    expect(set.line(Object.values(Variables)[0])).toBe('<WebhookSecrets>');
  });

  test('keeps the app’s log for a month, and takes it down with the stack', () => {
    const log = set.one('AWS::Logs::LogGroup', 'AppLog');
    expect(log.Properties['RetentionInDays']).toBe(30);
    expect(log.DeletionPolicy).toBe('Delete');
    const app = set.one('AWS::Lambda::Function', 'App');
    expect(app.Properties['LoggingConfig']).toEqual({ LogGroup: { Ref: log.id } });
  });

  test('writes no log but to a group that ends', () => {
    const logs = set.all('AWS::Logs::LogGroup');
    expect(logs).toHaveLength(set.all('AWS::Lambda::Function').length);
    for (const [, { Properties }] of logs) expect(Properties['RetentionInDays']).toBe(30);
  });
});

describe('the handler of the example', () => {
  const newSecret = `whsec_${Buffer.alloc(32, 'new').toString('base64')}`;
  let before: NodeJS.ProcessEnv;
  /** What Secrets Manager has; undefined while it fails. */
  let held: string | undefined;
  let reads = 0;
  const secrets = new JsonService({
    GetSecretValue: () => {
      reads += 1;
      return held === undefined ? undefined : { SecretString: held };
    },
  });
  beforeAll(async () => {
    before = { ...process.env };
    Object.assign(process.env, {
      ...{ AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
      AWS_ENDPOINT_URL_SECRETS_MANAGER: await secrets.listen(),
      WEBHOOK_SECRETS_SECRET: 'secret',
    });
  });
  beforeEach(() => {
    delete process.env['SOCKETHOOK_WEBHOOK_SECRET'];
    held = firstSecret;
    reads = 0;
  });
  afterAll(async () => {
    await secrets.stop();
    process.env = before;
  });

  test('answers a signed message with a broadcast to its path', async () => {
    const { handler } = await startProcess();
    const body = hookBody({ path: '/room/1', body: 'hello' });
    const answer = await handler(event(body, signed(body)));
    expect(answer).toMatchObject({
      statusCode: 200,
      headers: { 'content-type': 'application/vnd.sockethook+json' },
    });
    expect(JSON.parse(answer.body)).toEqual({ broadcast: [{ body: 'hello', path: '/room/1' }] });
  });

  /** The status of a message that this secret signs. */
  const statusOf = async ({ handler }: App, secret: string): Promise<number> => {
    const body = hookBody({ path: '/room/1' });
    return (await handler(event(body, signed(body, secret)))).statusCode;
  };

  test('believes nobody who does not sign', async () => {
    expect(await statusOf(await startProcess(), newSecret)).toBe(401);
  });

  test('knows a new secret once 5 minutes have passed, and the old one while it is in the list', async () => {
    const app = await startProcess();
    expect(await statusOf(app, firstSecret)).toBe(200);
    held = `${newSecret},${firstSecret}`;
    expect(await statusOf(app, newSecret)).toBe(401);
    await later(300, async () => {
      expect(await statusOf(app, newSecret)).toBe(200);
      expect(await statusOf(app, firstSecret)).toBe(200);
    });
    expect(reads).toBe(2);
    held = newSecret;
    await later(600, async () => expect(await statusOf(app, firstSecret)).toBe(401));
  });

  test('reads once for all hooks that come at once, at the start and later', async () => {
    const app = await startProcess();
    const together = () => Promise.all(Array.from({ length: 5 }, () => statusOf(app, firstSecret)));
    // 425 is said to a hook that is being handled under the same id.
    expect(await together()).not.toContain(401);
    expect(reads).toBe(1);
    await later(300, async () => expect(await together()).not.toContain(401));
    expect(reads).toBe(2);
  });

  test('goes on with the secrets that it knows while they can’t be read, and soon asks again', async () => {
    const app = await startProcess();
    expect(await statusOf(app, firstSecret)).toBe(200);
    held = undefined;
    await later(300, async () => expect(await statusOf(app, firstSecret)).toBe(200));
    held = newSecret;
    await later(330, async () => expect(await statusOf(app, newSecret)).toBe(200));
  });

  test('fails if it knows none, so that the gateway tries again, and reads them then', async () => {
    const app = await startProcess();
    held = undefined;
    await expect(statusOf(app, firstSecret)).rejects.toThrow();
    held = firstSecret;
    expect(await statusOf(app, firstSecret)).toBe(200);
  });
});

type App = typeof import('../../examples/lambda/handler.ts');

let processes = 0;

/** The handler as a process that has just been started: a module of its own. */
async function startProcess(): Promise<App> {
  processes += 1;
  const fresh = `../../examples/lambda/handler.ts?process=${processes}`;
  return import(/* @vite-ignore */ fresh);
}

/** Runs what happens so many seconds from now. */
async function later(seconds: number, run: () => Promise<void>): Promise<void> {
  const { now } = Date;
  Date.now = () => now() + seconds * 1_000;
  try {
    await run();
  } finally {
    Date.now = now;
  }
}

/** A request as a Function URL hands it to its Lambda: a form comes in base64. */
function event(body: string, headers: Record<string, string>): FunctionUrlEvent {
  const domainName = 'abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws';
  const rawPath = '/websocket/message/room/1';
  const lowerCase = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  const full = {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString: '',
    headers: { ...Object.fromEntries(lowerCase), host: domainName, 'x-forwarded-proto': 'https' },
    requestContext: {
      accountId: 'anonymous',
      apiId: domainName.split('.')[0],
      domainName,
      http: {
        method: 'POST',
        path: rawPath,
        protocol: 'HTTP/1.1',
        sourceIp: '198.51.100.7',
        userAgent: 'Sockethook/1',
      },
      requestId: '0d6c1f7e-0000-4000-8000-000000000000',
      routeKey: '$default',
      stage: '$default',
      time: '22/Nov/2026:12:00:00 +0000',
      timeEpoch: 1_795_348_800_000,
    },
    body: Buffer.from(body).toString('base64'),
    isBase64Encoded: true,
  };
  return full;
}
