import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { type Answer, actions } from '../../support/recording-app.ts';
import { lettersIn } from './dead-letters.ts';
import { noOrder } from './messages.ts';
import { freshPath, type GatewayWorld, type Subject } from './world.ts';

/** What becomes of a message that fails where a setting says that it is not retried for hours. */
export function messageFailureContract(subject: Subject): void {
  describe(`${subject.name}: messages that fail where failures are not kept`, () => {
    let world: GatewayWorld;
    beforeAll(async () => {
      world = await subject.start({ MESSAGE_FAILURE: 'drop' });
    });
    afterAll(() => world.stop());

    /** What is told of a client that sends one message that the app never takes, and then one that it does. */
    const sendBadAndGood = async () => {
      const path = freshPath();
      world.app.on(path, ({ fields }) => (fields['body'] === 'bad' ? 500 : 204));
      const client = await connect(world.at(path));
      client.send('bad');
      client.send('good');
      const told = () => world.app.of(path, 'message').map(({ fields }) => fields['body']);
      await eventually('the good one', () => told().includes('good'));
      await eventually('the bad one', () => told().filter((body) => body === 'bad').length >= 3);
      await client.close();
      await world.app.hook(path, 'closed');
      return told();
    };

    test('a message that the app never takes is tried three times, and the next one once', async () => {
      expect((await sendBadAndGood()).sort()).toEqual(['bad', 'bad', 'bad', 'good']);
    });

    test('a message that the app never takes is given up before the next one is told', async ({ skip }) => {
      skip(!subject.keepsOrder, noOrder);
      expect(await sendBadAndGood()).toEqual(['bad', 'bad', 'bad', 'good']);
    });
  });

  describe(`${subject.name}: messages that fail where failures close their sockets`, () => {
    let world: GatewayWorld;
    beforeAll(async () => {
      world = await subject.start({ MESSAGE_FAILURE: 'close' });
    });
    afterAll(() => world.stop());

    test('a message that the app does not take closes its socket, and is no dead letter', async () => {
      const path = freshPath();
      world.app.on(path, ({ fields }) => (fields['body'] === 'bad' ? 400 : 204));
      const client = await connect(world.at(path));
      client.send('bad');
      expect((await client.closed).code, 'what the client sees').toBe(subject.closesWith ?? 1011);
      expect((await world.app.hook(path, 'closed')).fields['code'], 'what the app is told').toBe('1011');
      expect(await lettersIn(world, path)).toEqual([]);
    });

    test('a message that the app takes at last leaves its socket open', async () => {
      const path = freshPath();
      const answers: Answer[] = [503, actions({ reply: 'at last' })];
      world.app.on(path, ({ fields }) => (fields['event'] === 'message' ? (answers.shift() ?? 204) : 204));
      const client = await connect(world.at(path));
      client.send('m');
      expect(await client.next()).toBe('at last');
      await client.close();
    });
  });
}
