import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../support/client.ts';
import { actions } from '../../support/recording-app.ts';
import { freshPath, type GatewayWorld, type Subject } from './world.ts';

/** What the app asks for in its answers. */
export function actionsContract(subject: Subject): void {
  describe(`${subject.name}: actions`, () => {
    let world: GatewayWorld;
    beforeAll(async () => {
      world = await subject.start();
    });
    afterAll(() => world.stop());

    test.for<[string, Record<string, unknown>, string[]]>([
      ['reply', { reply: 'r' }, ['r']],
      ['an empty reply', { reply: '' }, ['']],
      [
        'send',
        {
          send: [
            { sockets: ['$from'], body: 's1' },
            { sockets: '$from', body: 's2' },
          ],
        },
        ['s1', 's2'],
      ],
      [
        'broadcast',
        {
          broadcast: [
            { body: 'b1', path: '$path' },
            { body: 'b2', path: '$path' },
          ],
        },
        ['b1', 'b2'],
      ],
      [
        'all together, whatever their order in the document',
        {
          broadcast: [{ body: 'b', path: '$path' }],
          close: true,
          send: [{ sockets: '$from', body: 's' }],
          reply: 'r',
        },
        ['r', 's', 'b'],
      ],
    ])('%s', async ([, document, expected]) => {
      const path = freshPath();
      world.app.on(path, ({ fields: { event, from = '' } }) => {
        if (event !== 'message') return 204;
        return actions(
          JSON.parse(JSON.stringify(document).replaceAll('$from', from).replaceAll('$path', path)),
        );
      });
      const client = await connect(world.at(path));
      client.send('go');
      expect(await client.take(expected.length)).toEqual(expected);
      if (document['close'] === true) expect((await client.closed).code).toBe(1000);
      else await client.close();
    });

    test('a state that a message’s answer sets is sent with the later hooks', async () => {
      const path = freshPath();
      world.app.on(path, ({ fields: { event, body } }) =>
        actions(event === 'message' ? { state: `after ${body}`, reply: 'ok' } : {}),
      );
      const client = await connect(world.at(path));
      for (const body of ['one', 'two']) {
        client.send(body);
        await client.next();
      }
      await client.close();
      const { fields } = await world.app.hook(path, 'closed');
      expect(world.app.of(path, 'message').map((hook) => hook.fields['state'])).toEqual(['', 'after one']);
      expect(fields['state']).toBe('after two');
    });

    test('the user of a handshake’s answer replaces the ticket’s, also for broadcasts', async () => {
      const path = freshPath();
      const { json } = await world.api.post('/urls', { path, user: 'ticket' });
      world.app.on(path, ({ fields }) => actions(fields['event'] === 'handshake' ? { user: 'answer' } : {}));
      const client = await connect(String(json['url']));
      expect((await world.app.hook(path, 'handshake')).fields['user']).toBe('ticket');
      await world.api.broadcast({ body: 'no', user: 'ticket' });
      await world.api.broadcast({ body: 'yes', user: 'answer' });
      expect(await client.next()).toBe('yes');
      await client.close();
    });

    test('an action for a socket that is gone is no failure of the hook', async () => {
      const path = freshPath();
      world.app.on(path, ({ fields: { event } }) =>
        actions(
          event === 'message' ? { send: [{ sockets: 'AAAAAAAAAAAAAAA=', body: 'x' }], reply: 'r' } : {},
        ),
      );
      const client = await connect(world.at(path));
      client.send('go');
      expect(await client.next()).toBe('r');
      expect(world.app.of(path, 'message')).toHaveLength(1);
      await client.close();
    });
  });
}
