import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshPath } from '../contract/gateway/world.ts';
import { connect } from '../support/client.ts';
import { type Answer, actions } from '../support/recording-app.ts';
import { Cloud } from './cloud.ts';
import type { Passage } from './wires.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
afterAll(() => cloud.stop());

/** What was asked of the table, as it was asked. */
const ofTable = (passages: readonly Passage[]): string[] =>
  passages.filter(({ service }) => service === 'dynamodb').map(({ operation }) => operation);

const answered: readonly [string, Answer, string[]][] = [
  ['is answered with nothing', 204, []],
  ['is answered with a reply', actions({ reply: 'thanks' }), ['thanks']],
];

test.for(answered)('a message that %s costs one consistent read and no write', async ([, answer, gets]) => {
  const { client, path } = await cloud.open(({ fields: { event } }) => (event === 'message' ? answer : 204));
  const passages = await cloud.wires.during(async () => {
    client.send('hello');
    await cloud.app.hook(path, 'message');
    expect(await client.take(gets.length)).toEqual(gets);
    await cloud.settled();
  });
  expect(ofTable(passages)).toEqual(['GetItem']);
  expect(passages.find(({ service }) => service === 'dynamodb')?.body).toContain('"ConsistentRead":true');
  await client.close();
  await cloud.app.hook(path, 'closed');
  await cloud.settled();
});

test('a life with three messages costs four writes, and a read for each message', async () => {
  const path = freshPath();
  const passages = await cloud.wires.during(async () => {
    const client = await connect(cloud.at(path));
    for (const body of ['one', 'two', 'three']) client.send(body);
    for (const body of ['one', 'two', 'three']) {
      await cloud.app.hook(path, 'message', ({ fields }) => fields['body'] === body);
    }
    await client.close();
    await cloud.app.hook(path, 'closed');
    await cloud.settled();
  });
  const asked = ofTable(passages);
  expect(asked.filter((operation) => operation !== 'GetItem')).toEqual([
    'PutItem',
    'UpdateItem',
    'UpdateItem',
    'DeleteItem',
  ]);
  expect(asked.filter((operation) => operation === 'GetItem')).toHaveLength(3);
  expect(passages.filter(({ service }) => service === 'sqs' || service === 'connections')).toEqual([]);
  expect(await cloud.items()).toEqual([]);
});

test('a list of keys is read once by each function, however many hooks it signs', async () => {
  const passages = await cloud.wires.during(async () => {
    for (let at = 0; at < 3; at++) {
      const { client, path } = await cloud.open();
      await client.close();
      await cloud.app.hook(path, 'closed');
    }
    await cloud.settled();
  });
  expect(passages.filter(({ service }) => service === 'secrets')).toEqual([]);
});
