import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { messageTemplate } from '../../infra/aws/message-template.ts';
import { eventually } from '../support/eventually.ts';
import { Cloud } from './cloud.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start({ MESSAGE_INVOCATION: 'event' });
});
afterAll(() => cloud.stop());

/** An event as API Gateway's template makes it, of a text. */
function eventOf(text: string, requestContext: Readonly<Record<string, string>>): object {
  const ids = { eventType: 'MESSAGE', connectionId: 'no id', messageId: 'm=', requestId: 'r=' };
  return {
    ...JSON.parse(messageTemplate),
    body: Buffer.from(text).toString('base64'),
    requestContext: { ...ids, requestTimeEpoch: '1764000000000', ...requestContext },
  };
}

/** How Lambda hands an event to a function, and how the queue of dead retries does after Lambda gave it up. */
const ways: Readonly<Record<string, (event: object) => Promise<unknown>>> = {
  'is queued': (event) => cloud.handlers.default(event),
  'Lambda gave up': (event) => {
    const requestContext = { condition: 'RetriesExhausted', approximateInvokeCount: 3 };
    const body = JSON.stringify({ requestContext, requestPayload: event });
    return cloud.handlers.redrive({ Records: [{ messageId: 'one', body }] });
  },
};

/** The lines of a kind that a deed logs, once there are some. */
async function linesOf(name: string, deed: () => Promise<unknown>) {
  const lines = () => cloud.log.filter(({ event }) => event === name);
  const before = lines();
  await deed();
  await eventually('it is logged', () => lines().length > before.length);
  return lines().filter((line) => !before.includes(line));
}

describe.for(Object.keys(ways))('a message that %s', (way) => {
  const handled = async (event: object) => ways[way]?.(event);

  test.for<[what: string, requestContext: Readonly<Record<string, string>>]>([
    ['whose connection has no id that we know', {}],
    ['whose event is of another kind', { connectionId: 'L0SM9cOFvHcCIhw=', eventType: 'CONNECT' }],
  ])('%s is logged as lost, without its text', async ([, requestContext]) => {
    const lines = await linesOf('hook_lost', () => handled(eventOf('a secret', requestContext)));
    const why = 'no message of a socket';
    expect(lines).toEqual([
      expect.objectContaining({ event: 'hook_lost', request: 'message_m=', hook: 'message', why }),
    ]);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  test('and is a ping is not', async () => {
    const lines = await linesOf('hook_lost', async () => {
      await handled(eventOf('{"sockethook":"ping"}', { messageId: 'ping=' }));
      await handled(eventOf('hello', {}));
    });
    expect(lines.map(({ request }) => request)).toEqual(['message_m=']);
  });
});

test('a dead retry that is no JSON is logged without its text', async () => {
  const record = { messageId: 'two', body: '{"kind":"retry", a secret}' };
  const lines = await linesOf('fault', () => cloud.handlers.redrive({ Records: [record] }));
  expect(JSON.stringify(lines)).toContain('The text is not JSON.');
  expect(JSON.stringify(lines)).not.toContain('secret');
});
