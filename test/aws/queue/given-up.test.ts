import { describe, expect, test } from 'vitest';
import { clientMessage } from '../../../functions/aws/handlers/client-message.ts';
import { parseGivenUp } from '../../../functions/aws/queue/given-up.ts';
import { messageTemplate } from '../../../infra/aws/message-template.ts';

/** An event as the template makes it. */
const event = {
  ...JSON.parse(messageTemplate),
  body: Buffer.from('hello ✓').toString('base64'),
  requestContext: {
    ...{ eventType: 'MESSAGE', connectionId: 'L0SM9cOFvHcCIhw=', messageId: 'm=', requestId: 'r=' },
    requestTimeEpoch: '1764000000000',
  },
};

/** What Lambda sends to the destination. AWS Lambda Developer Guide has an example. */
function record(condition: string, given: Record<string, unknown> = {}): string {
  return JSON.stringify({
    version: '1.0',
    timestamp: '2025-11-24T16:00:00.000Z',
    requestContext: {
      ...{
        requestId: 'e4b46cbf',
        functionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:f:$LATEST',
      },
      ...{ condition, approximateInvokeCount: 3 },
    },
    requestPayload: event,
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: { errorMessage: 'secret' },
    ...given,
  });
}

describe('a message that Lambda gave up', () => {
  test('is read with its body, its ids and its time', () => {
    const { event: read, runs } = parseGivenUp(record('RetriesExhausted')) ?? { event, runs: 0 };
    expect([clientMessage(read, 0), runs]).toEqual([
      { socket: 'L0SM9cOFvHcCIhw=', id: 'm=', body: 'hello ✓', time: 1_764_000_000_000 },
      3,
    ]);
  });

  test.for([
    ['RetriesExhausted', 'the function that was to post it died or failed, each time'],
    ['EventAgeExceeded', 'no function could post it within the time that Lambda keeps it'],
    ['ZeroReservedConcurrency', 'the function that was to post it may not run'],
    ['SomethingNew', 'Lambda gave it up: SomethingNew'],
  ] as const)('for the reason %s says so', ([condition, why]) => {
    expect(parseGivenUp(record(condition))?.why).toBe(why);
  });

  test('without an answer of its function, since it never ran, is read all the same', () => {
    const never = { responseContext: undefined, responsePayload: undefined };
    const requestContext = { condition: 'EventAgeExceeded' };
    expect(parseGivenUp(record('', { ...never, requestContext }))?.runs).toBe(0);
  });
});

describe('no message that Lambda gave up', () => {
  test.for<[what: string, text: string]>([
    ['a task', '{"kind":"retry","socket":"s="}'],
    ['a packed task', 'gzip:H4sIAAAA'],
    ['the event of another function', record('RetriesExhausted', { requestPayload: { Records: [] } })],
    [
      'a message that API Gateway waits for',
      record('RetriesExhausted', { requestPayload: { ...event, invocationType: undefined } }),
    ],
  ])('is %s', ([, text]) => {
    expect(parseGivenUp(text)).toBeUndefined();
  });
});
