import { describe, expect, test } from 'vitest';
import { clientMessage } from '../../../functions/aws/handlers/client-message.ts';
import { isGivenUp, readGivenUp } from '../../../functions/aws/queue/given-up.ts';
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
function record(condition: string, given: Record<string, unknown> = {}): object {
  return {
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
  };
}

describe('a message that Lambda gave up', () => {
  test('is read with its body, its ids and its time', () => {
    const { event: read, runs } = readGivenUp(record('RetriesExhausted'));
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
    expect(readGivenUp(record(condition)).why).toBe(why);
  });

  test('without an answer of its function, since it never ran, is read all the same', () => {
    const never = { responseContext: undefined, responsePayload: undefined };
    const requestContext = { condition: 'EventAgeExceeded' };
    expect(readGivenUp(record('', { ...never, requestContext })).runs).toBe(0);
  });
});

describe('the queue of dead retries', () => {
  test('holds what Lambda gave up, and tasks, which are told apart by what Lambda writes', () => {
    expect(isGivenUp(record('RetriesExhausted'))).toBe(true);
    for (const message of [{ kind: 'retry', socket: 's=' }, 'text', null, []])
      expect(isGivenUp(message), JSON.stringify(message)).toBe(false);
  });

  test.for<[what: string, message: object, path: string]>([
    [
      'the event of another function',
      record('RetriesExhausted', { requestPayload: { Records: [] } }),
      'requestPayload.invocationType',
    ],
    [
      'a message that API Gateway waits for',
      record('RetriesExhausted', { requestPayload: { ...event, invocationType: undefined } }),
      'requestPayload.invocationType',
    ],
  ])('refuses %s, and names what is wrong and nothing of the message', ([, message, path]) => {
    expect(() => readGivenUp(message)).toThrow(`What Lambda gave up can't be read: ${path}.`);
  });
});
