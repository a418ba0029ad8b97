import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshPath } from '../contract/gateway/world.ts';
import { type Client, connect } from '../support/client.ts';
import { type Answer, actions } from '../support/recording-app.ts';
import { Cloud, queueNames } from './cloud.ts';

const graceMs = 60_000;
const hooks = 'handshake,message,closed,joined,left';
const slow = { timeout: 120_000 };

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start({ HOOKS: hooks, PRESENCE_GRACE_MS: String(graceMs), PROBE_MINUTES: '1' });
});
afterAll(() => cloud.stop());

/**
 * Lets time go by in steps, so that everything that becomes due is done. Tasks that become due in the same step may meet
 * another's lease, and come back after five seconds more.
 */
async function passing(steps: number, ms: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    for (const each of [ms, 5_000]) {
      await cloud.pass(each);
      await cloud.settled();
    }
  }
}

/** A user whose sockets all join the same group, at a path of its own. */
class Visitor {
  readonly path = freshPath();
  readonly user = this.path.slice(1);
  /** What the app answers to `joined` and `left`. */
  answer: (event: string) => Answer = () => 204;

  constructor() {
    const join = ['room'];
    cloud.app.on(this.path, ({ fields: { event = '', body } }) => {
      if (event === 'handshake') return actions({ join, user: this.user });
      if (event === 'message') return actions(body === 'leave' ? { leave: join } : { join });
      return event === 'closed' ? 204 : this.answer(event);
    });
  }

  /** Opens another socket. */
  async comes(): Promise<Client> {
    const client = await connect(cloud.at(this.path));
    await cloud.settled();
    return client;
  }

  /** Closes one, by all means. */
  async goes(client: Client): Promise<void> {
    const before = this.of('closed').length;
    await client.close();
    await cloud.app.hook(this.path, 'closed', () => this.of('closed').length > before);
    await cloud.settled();
  }

  of(event: string) {
    return cloud.app.of(this.path, event);
  }

  /** Every attempt to tell of this user, in its order. */
  get attempts() {
    return cloud.app.of(this.path).filter(({ fields: { event = '' } }) => ['joined', 'left'].includes(event));
  }

  /** The events of all attempts. */
  get told(): (string | undefined)[] {
    return this.attempts.map(({ fields: { event } }) => event);
  }

  get sequences(): number[] {
    return this.attempts.map(({ fields: { sequence } }) => Number(sequence));
  }
}

describe('a user of a group', slow, () => {
  test('with two tabs has joined once, and has left once both are gone for the grace', async () => {
    const alice = new Visitor();
    const tabs = [await alice.comes(), await alice.comes()] as const;
    expect(alice.told, 'with two tabs').toEqual(['joined']);
    await alice.goes(tabs[0]);
    await passing(2, graceMs);
    expect(alice.told, 'with one of them').toEqual(['joined']);
    await alice.goes(tabs[1]);
    await passing(1, graceMs - 10_000);
    expect(alice.told, 'with none, within the grace').toEqual(['joined']);
    await passing(1, 10_000);
    expect(alice.told, 'after it').toEqual(['joined', 'left']);
    await passing(5, graceMs);
    expect(alice.told, 'later').toEqual(['joined', 'left']);
    const [joined, left] = alice.attempts.map(({ fields }) => fields);
    expect(joined).toMatchObject({ group: 'room', user: alice.user, body: '', groups: '[]' });
    expect(left).toMatchObject({
      group: 'room',
      user: alice.user,
      from: alice.of('closed')[1]?.fields['from'],
    });
    expect(Number(left?.['sequence'])).toBeGreaterThan(Number(joined?.['sequence']));
  });

  test('with two tabs that open at the same moment has joined once', async () => {
    const alice = new Visitor();
    const tabs = await Promise.all([1, 2, 3].map(() => connect(cloud.at(alice.path))));
    await cloud.settled();
    await passing(6, 60_000);
    expect(alice.told).toEqual(['joined']);
    for (const tab of tabs) await alice.goes(tab);
    await passing(2, graceMs);
    expect(alice.told).toEqual(['joined', 'left']);
  });

  test('who reloads the page within the grace has neither left nor joined again', async () => {
    const alice = new Visitor();
    await alice.goes(await alice.comes());
    await passing(1, graceMs / 2);
    const tab = await alice.comes();
    await passing(5, graceMs);
    expect(alice.told).toEqual(['joined']);
    await alice.goes(tab);
    await passing(2, graceMs);
    expect(alice.told).toEqual(['joined', 'left']);
  });

  test('who comes back within the grace and goes has left a whole grace after that', async () => {
    const alice = new Visitor();
    await alice.goes(await alice.comes());
    await passing(1, 40_000);
    await alice.goes(await alice.comes());
    await passing(1, 50_000);
    expect(alice.told, 'after the grace of the first').toEqual(['joined']);
    await passing(1, 10_000);
    expect(alice.told, 'after the grace of the second').toEqual(['joined', 'left']);
  });

  test('joins and leaves by messages and by calls too', async () => {
    const alice = new Visitor();
    const tab = await alice.comes();
    const from = alice.of('handshake')[0]?.fields['from'] ?? '';
    const ask = async (method: string) => {
      const path = `/groups/room/sockets/${encodeURIComponent(from)}`;
      expect((await cloud.api.call(method, path)).status).toBe(204);
      await cloud.settled();
    };
    const say = async (body: string) => {
      tab.send(body);
      await cloud.app.hook(alice.path, 'message', ({ fields }) => fields['body'] === body);
      await cloud.settled();
    };
    await say('leave');
    await passing(1, graceMs);
    expect(alice.told, 'left by a message').toEqual(['joined', 'left']);
    await ask('PUT');
    expect(alice.told, 'joined by a call').toEqual(['joined', 'left', 'joined']);
    await ask('DELETE');
    await passing(1, graceMs);
    expect(alice.told, 'left by a call').toEqual(['joined', 'left', 'joined', 'left']);
    await say('join');
    expect(alice.told, 'joined by a message').toEqual(['joined', 'left', 'joined', 'left', 'joined']);
    await alice.goes(tab);
    // The tasks that outlive each change come now, too.
    await passing(6, graceMs);
    const ordered = [...alice.sequences].sort((one, other) => one - other);
    expect(alice.sequences).toEqual(ordered);
    expect(new Set(alice.sequences).size, 'different numbers').toBe(6);
  });

  test('whose $disconnect was lost has left after a sweep has found nobody', async () => {
    const alice = new Visitor();
    const tab = await alice.comes();
    cloud.gateway.faults.dropDisconnect = 1;
    await tab.close();
    await cloud.settled();
    await passing(2, graceMs);
    expect(alice.told, 'before a sweep').toEqual(['joined']);
    await cloud.minutes(4);
    await passing(2, graceMs);
    expect(alice.told, 'after a sweep').toEqual(['joined', 'left']);
  });
});

describe('an app that is away', slow, () => {
  test('hears what is owed when it is back, and each hook has one number and one id', async () => {
    const alice = new Visitor();
    let isDown = true;
    alice.answer = () => (isDown ? 503 : 204);
    const tab = await alice.comes();
    await passing(20, 60_000);
    await alice.goes(tab);
    await passing(20, 60_000);
    expect(new Set(alice.told), 'while it is down').toEqual(new Set(['joined']));
    expect(alice.told.length, 'attempts while it is down').toBeGreaterThan(3);
    isDown = false;
    await passing(130, 60_000);
    expect(
      alice.told.filter((event) => event === 'left'),
      'back',
    ).toEqual(['left']);
    expect(new Set(alice.sequences).size).toBe(2);
    const joined = alice.of('joined');
    expect(new Set(joined.map(({ headers }) => headers['webhook-id'])).size, 'ids').toBe(1);
    expect(alice.told.at(-1)).toBe('left');
    expect(cloud.queue.waitingIn(queueNames.presence)).toEqual([]);
  });

  test('hears of a user who came and went meanwhile, many times, in one pair at most', async () => {
    const alice = new Visitor();
    let isDown = true;
    alice.answer = () => (isDown ? 503 : 204);
    for (let visit = 0; visit < 3; visit++) {
      await alice.goes(await alice.comes());
      await passing(3, graceMs);
    }
    isDown = false;
    await passing(130, 60_000);
    expect(new Set(alice.sequences).size).toBe(2);
    expect(alice.told.at(-1)).toBe('left');
  });

  test('and whose answer to joined was lost hears left, with a higher number', async () => {
    const alice = new Visitor();
    alice.answer = (event) => (event === 'joined' && alice.of('joined').length < 4 ? 'hang' : 204);
    const tab = await alice.comes();
    await alice.goes(tab);
    await passing(10, graceMs);
    const numbers = [...new Set(alice.sequences)];
    expect(numbers).toHaveLength(2);
    expect(numbers[1]).toBeGreaterThan(numbers[0] ?? 0);
    expect(alice.told.at(-1)).toBe('left');
  });

  test('gets a hook that it had refused whole when it is replayed', async () => {
    const alice = new Visitor();
    alice.answer = () => 400;
    const tab = await alice.comes();
    expect(alice.told).toEqual(['joined']);
    const letters = (await cloud.api.call('GET', '/dead-letters')).json as {
      deadLetters: { deadLetter: string; user: string }[];
    };
    const letter = letters.deadLetters.find(({ user }) => user === alice.user);
    alice.answer = () => 204;
    const replayed = await cloud.api.call('POST', `/dead-letters/${letter?.deadLetter}/replay`);
    expect(replayed.status).toBe(202);
    await cloud.settled();
    expect(alice.told, 'replayed').toEqual(['joined', 'joined']);
    const [first, second] = alice.attempts;
    expect(second?.fields).toEqual(first?.fields);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    await alice.goes(tab);
    await passing(2, graceMs);
    expect(alice.told).toEqual(['joined', 'joined', 'left']);
  });
});
