import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshPath } from '../contract/gateway/world.ts';
import { Client, tryConnect } from '../support/client.ts';
import { type Answer, actions } from '../support/recording-app.ts';
import { Cloud } from './cloud.ts';
import { killedAtEveryMoment, type Victim } from './kill-switch.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start({ PROBE_MINUTES: '1' });
});
afterAll(() => cloud.stop());

/** What became of a client whose handshake was killed at some moment, or survived. */
interface Case {
  readonly path: string;
  readonly status: number;
  readonly client: Client | undefined;
}

/** Lets clients connect until a handshake survives; who is in leaves in the end, and time goes by. */
async function killAll(handshake: (from: string) => Promise<Answer>, settings: Record<string, string> = {}) {
  // What they queue comes late: a connection that never was is believed to be gone by then.
  cloud.queue.hold();
  const cases = await killedAtEveryMoment<Case>(
    cloud,
    'connect',
    async () => {
      const path = freshPath();
      cloud.app.on(path, ({ fields: { event, from = '' } }) =>
        event === 'handshake' ? handshake(from) : 204,
      );
      const outcome = await tryConnect(cloud.at(path));
      const client = outcome instanceof Client ? outcome : undefined;
      return { path, client, status: outcome instanceof Client ? 101 : outcome.status };
    },
    settings,
  );
  await cloud.pass(11_000);
  cloud.queue.release();
  await cloud.recover();
  return cases;
}

const took = ({ done }: Victim, step: string): boolean => done.includes(step);
const told = (path: string): unknown[] => cloud.app.of(path, 'closed').map(({ fields }) => fields['code']);

/** One id each; and the same socket as in the handshake, if the app was asked at all. */
function expectItsOwnId(path: string): void {
  const [asked] = cloud.app.of(path, 'handshake');
  for (const { headers, fields } of cloud.app.of(path, 'closed')) {
    expect(headers['webhook-id']).toBe(`closed_${fields['from']}`);
    if (asked !== undefined) expect(fields['from']).toBe(asked.fields['from']);
  }
}

describe('$connect, killed at every moment', () => {
  test('of a handshake that the app accepts: whoever was written down is told 1006, once', async () => {
    const cases = await killAll(async () => 204);
    expect(cases.length).toBeGreaterThanOrEqual(9);
    for (const { victim, result } of cases.slice(0, -1)) {
      const codes = took(victim, 'dynamodb PutItem') ? ['1006'] : [];
      expect([victim.moment, result.status, told(result.path)]).toEqual([victim.moment, 502, codes]);
      expectItsOwnId(result.path);
    }
    const [survivor] = cases.slice(-1);
    expect([survivor?.result.status, told(survivor?.result.path ?? '')]).toEqual([101, []]);
    await survivor?.result.client?.close();
    await cloud.app.hook(survivor?.result.path ?? '', 'closed');
    await cloud.settled();
    expect(await cloud.items()).toEqual([]);
  }, 60_000);

  test('of a handshake with messages inside: told 1006, and who survives gets them in order', async () => {
    const cases = await killAll(async (from) => {
      for (const body of ['one', 'two']) {
        expect((await cloud.api.send(from, body)).json).toMatchObject({ queued: 1 });
      }
      return actions({ reply: 'welcome' });
    });
    expect(cases.length).toBeGreaterThanOrEqual(13);
    for (const { victim, result } of cases.slice(0, -1)) {
      const codes = took(victim, 'dynamodb PutItem') ? ['1006'] : [];
      expect([victim.moment, result.status, told(result.path)]).toEqual([victim.moment, 502, codes]);
      expectItsOwnId(result.path);
    }
    const { client, path } = cases.at(-1)?.result ?? {};
    expect(await client?.take(3)).toEqual(['one', 'two', 'welcome']);
    await client?.close();
    await cloud.app.hook(path ?? '', 'closed');
    await cloud.settled();
    expect([client?.left, await cloud.items()]).toEqual([[], []]);
  }, 60_000);

  test('of a handshake that the app refuses: told 1006 only if it died before it could forget, and gets nothing', async () => {
    const posts = await cloud.wires.during(async () => {
      const cases = await killAll(async (from) => {
        await cloud.api.send(from, 'never');
        return 403;
      });
      expect(cases.length).toBeGreaterThanOrEqual(9);
      for (const { victim, result } of cases) {
        const isForgotten = !took(victim, 'dynamodb PutItem') || took(victim, 'dynamodb DeleteItem');
        const status = victim.hasDied ? 502 : 403;
        const codes = isForgotten ? [] : ['1006'];
        expect([victim.moment, result.status, told(result.path)]).toEqual([victim.moment, status, codes]);
        expectItsOwnId(result.path);
      }
    });
    const isPost = posts.filter((one) => one.service === 'connections' && one.operation === 'POST');
    expect(isPost).toEqual([]);
    expect(await cloud.items()).toEqual([]);
  }, 60_000);

  test('of a handshake that the app answers too late: whoever was written down is told 1006, once', async () => {
    const cases = await killAll(async () => 'hang', { HOOK_TIMEOUT_MS: '1000' });
    expect(cases.length).toBeGreaterThanOrEqual(11);
    for (const { victim, result } of cases) {
      const codes = took(victim, 'dynamodb PutItem') ? ['1006'] : [];
      const status = victim.hasDied ? 502 : 504;
      expect([victim.moment, result.status, told(result.path)]).toEqual([victim.moment, status, codes]);
      expectItsOwnId(result.path);
    }
    expect(await cloud.items()).toEqual([]);
  }, 60_000);
});

describe('$connect that can’t write down that the app has accepted', () => {
  test('has the app told 1006 at once, and no sweep is waited for', async () => {
    const path = freshPath();
    cloud.wires.meddler = {
      before: ({ service, operation, body }) => {
        const isAcceptance =
          service === 'dynamodb' && operation === 'UpdateItem' && body.includes('"opening"');
        const json = { __type: 'com.amazon.coral.service#AccessDeniedException', message: 'No.' };
        return isAcceptance ? { status: 400, json } : undefined;
      },
    };
    expect(await tryConnect(cloud.at(path))).toMatchObject({ status: 500 });
    cloud.wires.meddler = {};
    await cloud.settled();
    expect(cloud.app.of(path, 'handshake')).toHaveLength(1);
    expect(told(path)).toEqual(['1006']);
    expectItsOwnId(path);
    expect(await cloud.items()).toEqual([]);
  });
});
