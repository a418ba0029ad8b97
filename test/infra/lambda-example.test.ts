import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FunctionUrlEvent } from '../../examples/lambda/function-url.ts';
import { LambdaApp } from '../../examples/lambda/stack.ts';
import { JsonService } from '../aws/json-service.ts';
import { firstSecret, hookBody, signed } from '../examples/signed.ts';
import { quickApp, Synthesised } from './synthesised.ts';

describe('the stack of the example', () => {
  const set = new Synthesised(new LambdaApp(quickApp(), 'Example'));

  test('sends the hooks to the Function URL of the app', () => {
    const { Variables } = set.door('connect').Properties['Environment'] as {
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
});

describe('the handler of the example', () => {
  let before: NodeJS.ProcessEnv;
  const secrets = new JsonService({ GetSecretValue: () => ({ SecretString: firstSecret }) });
  beforeAll(async () => {
    before = { ...process.env };
    Object.assign(process.env, {
      ...{ AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
      AWS_ENDPOINT_URL_SECRETS_MANAGER: await secrets.listen(),
      WEBHOOK_SECRETS_SECRET: 'secret',
    });
  });
  afterAll(async () => {
    await secrets.stop();
    process.env = before;
  });

  const call = async (body: string, headers: Record<string, string>) => {
    const { handler } = await import('../../examples/lambda/handler.ts');
    return handler(event(body, headers));
  };

  test('answers a signed message with a broadcast to its path', async () => {
    const body = hookBody({ path: '/room/1', body: 'hello' });
    const answer = await call(body, signed(body));
    expect(answer).toMatchObject({
      statusCode: 200,
      headers: { 'content-type': 'application/vnd.sockethook+json' },
    });
    expect(JSON.parse(answer.body)).toEqual({ broadcast: [{ body: 'hello', path: '/room/1' }] });
  });

  test('believes nobody who does not sign', async () => {
    const body = hookBody({ path: '/room/1' });
    const forged = signed(body, `whsec_${Buffer.alloc(32).toString('base64')}`);
    expect((await call(body, forged)).statusCode).toBe(401);
  });
});

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
