import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testSecrets } from '../support/local.ts';
import type { HandlerName } from './bundles.ts';
import { Cloud } from './cloud.ts';

const calls: readonly (readonly [door: HandlerName, routeKey: string])[] = [
  ['send', 'POST /send'],
  ['broadcast', 'POST /broadcast'],
  ['urls', 'POST /urls'],
  ['sockets', 'GET /sockets'],
  ['sockets', 'GET /sockets/{socket}'],
  ['sockets', 'DELETE /sockets/{socket}'],
  ['groups', 'GET /groups/{group}'],
  ['groups', 'GET /groups/{group}/sockets'],
  ['groups', 'GET /groups/{group}/users'],
  ['groups', 'PUT /groups/{group}/sockets/{socket}'],
  ['groups', 'DELETE /groups/{group}/sockets/{socket}'],
];
const key = `Bearer ${testSecrets.apiKeys[0]}`;
const signed = 'AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-central-1/execute-api/aws4_request';
const userArn = 'arn:aws:sts::123456789012:assumed-role/app/1';

/** What API Gateway says of a caller whom IAM lets in. */
const letIn = { iam: { accessKey: 'AKID', accountId: '123456789012', userArn, userId: 'AROA:1' } };

/** What a function answers to a call without content. */
async function answered(
  cloud: Cloud,
  [name, routeKey]: (typeof calls)[number],
  authorization: string,
  authorizer: unknown,
) {
  const [, path = ''] = routeKey.split(' ');
  const event = {
    routeKey,
    rawPath: path,
    pathParameters: { group: 'a', socket: 'x' },
    isBase64Encoded: false,
  };
  const headers = { authorization, 'content-type': 'application/json' };
  const requestContext = { requestId: 'r=', ...(authorizer === undefined ? {} : { authorizer }) };
  return (await cloud.handlers[name]({ ...event, headers, requestContext })) as {
    statusCode: number;
    body: string;
  };
}

describe('where IAM lets callers in', () => {
  let cloud: Cloud;
  beforeAll(async () => {
    // No function knows a key: the stack does not even let it read one.
    cloud = await Cloud.start({ API_AUTH: 'iam', API_KEYS_SECRET: '' });
  });
  afterAll(() => cloud.stop());

  test.for(calls)('%s: %s is done for them without a key', async (call) => {
    const { statusCode } = await answered(cloud, call, signed, letIn);
    expect([200, 400, 404]).toContain(statusCode);
  });

  test.for(calls)('%s: %s by a route that does not ask IAM is done for nobody', async (call) => {
    const nobody = [
      undefined,
      null,
      {},
      { iam: null },
      { iam: {} },
      { iam: { userArn: '' } },
      { jwt: { claims: {} } },
    ];
    for (const authorizer of nobody) {
      for (const authorization of [signed, key, '']) {
        const { statusCode, body } = await answered(cloud, call, authorization, authorizer);
        expect([statusCode, JSON.parse(body).code]).toEqual([401, 'unauthorized']);
      }
    }
  });

  test('health is still anybody’s', async () => {
    const { statusCode } = await answered(cloud, ['health', 'GET /health'], '', undefined);
    expect(statusCode).toBe(200);
  });
});

describe('where a key lets callers in', () => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await Cloud.start();
  });
  afterAll(() => cloud.stop());

  test.for(calls)('%s: %s is not done for whom IAM knows and who has none', async (call) => {
    expect((await answered(cloud, call, signed, letIn)).statusCode).toBe(401);
    expect((await answered(cloud, call, key, undefined)).statusCode).not.toBe(401);
  });
});
