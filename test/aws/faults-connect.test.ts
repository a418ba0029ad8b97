import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freshPath } from '../contract/gateway/world.ts';
import { connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { Cloud } from './cloud.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start({ PROBE_MINUTES: '1' });
});
afterEach(() => {
  cloud.wires.meddler = {};
});
afterAll(() => cloud.stop());

/** Whether a `$connect` is invoked a second time, and when. */
const ways = {
  'again when it has returned': async () => {
    cloud.gateway.faults.repeatConnect = 1;
  },
  'twice at once, the second with a cold start': async () => {
    cloud.gateway.faults.doubleConnect = 1;
    const written = new Promise<void>((resolve) => {
      cloud.wires.meddler = {
        after: ({ operation }) => {
          if (operation === 'PutItem') resolve();
          return undefined;
        },
      };
    });
    const { connect: name } = cloud.handlers;
    let begun = 0;
    cloud.handlers.connect = async (event) => {
      begun += 1;
      if (begun > 1) await written;
      return name(event);
    };
    return () => {
      cloud.handlers.connect = name;
    };
  },
};

/** Who sees that the second invocation is over. */
const isRefused = (from: string): boolean =>
  cloud.log.some(
    ({ event, ['request']: request }) => event === 'handshake_repeated' && request === `handshake_${from}`,
  );

describe('a client whose $connect is invoked', () => {
  test.for(Object.entries(ways))('%s is in, and its app is told no end', async ([way, begin]) => {
    const path = freshPath();
    const isAtOnce = way.startsWith('twice');
    cloud.app.on(path, async ({ fields: { event, from = '' } }) => {
      if (event === 'handshake' && isAtOnce)
        await eventually('the second is over while the app is asked', () => isRefused(from));
      return 204;
    });
    const done = await begin();
    const client = await connect(cloud.at(path));
    const { from = '' } = (await cloud.app.hook(path, 'handshake')).fields;
    await eventually('the second is over', () => isRefused(from));
    await cloud.settled();
    done?.();
    expect((await cloud.api.send([from], 'hello')).json).toMatchObject({ delivered: 1 });
    expect(await client.next()).toBe('hello');
    await cloud.minutes(3);
    const events = () => cloud.app.of(path).map(({ fields }) => fields['event']);
    expect(events()).toEqual(['handshake']);
    expect((await cloud.items()).map(({ status }) => status?.S)).toEqual(['open']);
    await client.close(3001);
    await cloud.settled();
    expect(events()).toEqual(['handshake', 'closed']);
    expect(cloud.app.of(path, 'closed')[0]?.fields['code']).toBe('3001');
    expect(await cloud.items()).toEqual([]);
  });

  test('again, and finds its table silent, is in all the same', async () => {
    const path = freshPath();
    cloud.gateway.faults.repeatConnect = 1;
    let puts = 0;
    cloud.wires.meddler = {
      before: ({ operation }) => {
        puts += operation === 'PutItem' ? 1 : 0;
        return operation === 'PutItem' && puts > 1 ? 'cut' : undefined;
      },
    };
    const client = await connect(cloud.at(path));
    await cloud.settled();
    cloud.wires.meddler = {};
    expect(puts).toBeGreaterThan(2);
    await cloud.minutes(1);
    expect(cloud.app.of(path).map(({ fields }) => fields['event'])).toEqual(['handshake']);
    await client.close();
    await cloud.app.hook(path, 'closed');
    await cloud.settled();
    expect(await cloud.items()).toEqual([]);
  });
});
