import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { actions } from '../support/recording-app.ts';
import { Cloud, type Opened } from './cloud.ts';
import { killedAtEveryMoment } from './kill-switch.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start({ PROBE_MINUTES: '1' });
});
afterAll(() => cloud.stop());

const told = (path: string): unknown[] => cloud.app.of(path, 'closed').map(({ fields }) => fields['code']);

describe('$disconnect, killed at every moment', () => {
  test('is told, under one id, and twice only if it was killed between the app and the table', async () => {
    const cases = await killedAtEveryMoment<Opened>(cloud, 'disconnect', async () => {
      const socket = await cloud.open();
      await socket.client.close(3001, 'bye');
      return socket;
    });
    expect(cases.length).toBeGreaterThanOrEqual(9);
    await cloud.recover();
    for (const { victim, result } of cases) {
      const { done } = victim;
      // Who died before it could write the end down has told nobody how the client left.
      const code = done.includes('dynamodb UpdateItem') ? '3001' : '1006';
      const isTwice = done.includes('app POST') && !done.includes('dynamodb DeleteItem');
      expect([victim.moment, told(result.path)]).toEqual([victim.moment, isTwice ? [code, code] : [code]]);
      for (const { headers } of cloud.app.of(result.path, 'closed'))
        expect(headers['webhook-id']).toBe(`closed_${result.from}`);
    }
    expect(await cloud.items()).toEqual([]);
  }, 60_000);
});

describe('$default, killed at every moment', () => {
  test('shows the client an error, does nothing twice, and keeps the socket', async () => {
    const other = await cloud.open();
    const cases = await killedAtEveryMoment<Opened>(cloud, 'default', async ({ moment }) => {
      const socket = await cloud.open(({ fields: { event, body } }) => {
        if (event !== 'message' || body !== 'first') return 204;
        const send = [{ sockets: [other.from], body: moment }];
        return actions({ state: 'kept', reply: 'thanks', send });
      });
      socket.client.send('first');
      return socket;
    });
    expect(cases.length).toBeGreaterThanOrEqual(11);
    await cloud.recover();
    const sent = new Set(other.client.left);
    expect(other.client.left).toHaveLength(sent.size);
    for (const { victim, result } of cases) {
      const { done, moment, hasDied } = victim;
      const { client, path } = result;
      client.send('second');
      const second = await cloud.app.hook(path, 'message', ({ fields }) => fields['body'] === 'second');
      const got = client.left.map((text) => (text.startsWith('{') ? JSON.parse(text).message : text));
      const replies = done.includes('connections POST') ? ['thanks'] : [];
      expect([moment, got]).toEqual([moment, hasDied ? [...replies, 'Internal server error'] : replies]);
      expect([moment, second.fields['state']]).toEqual([
        moment,
        done.includes('dynamodb UpdateItem') ? 'kept' : '',
      ]);
      expect([moment, sent.has(moment)]).toEqual([moment, done.includes('sqs SendMessage')]);
      const firsts = cloud.app.of(path, 'message').filter(({ fields }) => fields['body'] === 'first');
      expect([moment, firsts.length]).toEqual([moment, done.includes('app POST') ? 1 : 0]);
      await client.close();
      await cloud.app.hook(path, 'closed');
    }
    await other.client.close();
    await cloud.app.hook(other.path, 'closed');
    await cloud.settled();
    for (const { result } of cases) expect(told(result.path)).toEqual(['1000']);
    expect(await cloud.items()).toEqual([]);
  }, 60_000);
});
