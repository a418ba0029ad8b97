import { afterEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { id, stopGateways, World } from './api-gateway-world.ts';

afterEach(stopGateways);

/** An API that hands over what this template makes of messages, and what it handed over. */
async function handingOver(template: string, take?: (payload: string) => void) {
  const taken: string[] = [];
  const queued = { template, take: take ?? ((payload: string) => void taken.push(payload)) };
  const world = await World.start({}, { queued, returnResponse: true });
  const { client, connectionId } = await world.enter();
  return { world, client, connectionId, taken };
}

describe('a message that is handed over', () => {
  test('an integration of type AWS hands over what its template makes of a message, and the client gets nothing', async () => {
    const { world, client, taken } = await handingOver('[]');
    client.send('hello');
    await eventually('it is handed over', () => taken.length === 1);
    await world.gateway.settled();
    expect([taken, world.messages, client.left]).toEqual([['[]'], [], []]);
  });

  test('a message that the other service does not take makes an "Internal server error" frame', async () => {
    const { client, connectionId } = await handingOver('[]', () => {
      throw new Error('No.');
    });
    client.send('hello');
    expect(JSON.parse(await client.next())).toMatchObject({ message: 'Internal server error', connectionId });
  });
});

describe('a template', () => {
  test('a template gets the values of $context and the body in base64', async () => {
    const template = '$context.eventType $context.messageId $context.none|$util.base64Encode($input.body)';
    const { client, taken } = await handingOver(template);
    client.send('"$context.stage" ✓');
    await eventually('it is handed over', () => taken.length === 1);
    const [head = '', body = ''] = taken[0]?.split('|') ?? [];
    const [eventType, messageId, none] = head.split(' ');
    expect([eventType, none, Buffer.from(body, 'base64').toString()]).toEqual([
      'MESSAGE',
      '',
      '"$context.stage" ✓',
    ]);
    expect(messageId).toMatch(id);
  });

  test('a template that says anything else can’t be rendered', async () => {
    for (const template of ['$input.json("$")', '#set($a = 1)', '$util.escapeJavaScript($input.body)']) {
      const { world, client, taken } = await handingOver(template);
      client.send('hello');
      await client.next();
      expect([taken, String(world.gateway.lambdaErrors[0])]).toEqual([
        [],
        expect.stringMatching(/^Error: The stand-in knows no [$#]\S+ in a template\.$/),
      ]);
    }
  });
});
