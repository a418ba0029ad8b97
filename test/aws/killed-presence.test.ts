import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshPath } from '../contract/gateway/world.ts';
import { Client, tryConnect } from '../support/client.ts';
import { actions } from '../support/recording-app.ts';
import type { HandlerName } from './bundles.ts';
import { Cloud } from './cloud.ts';
import { killedAtEveryMoment } from './kill-switch.ts';

const graceMs = 30_000;
const slow = { timeout: 60_000 };

let cloud: Cloud;
beforeAll(async () => {
  const HOOKS = 'handshake,message,closed,joined,left';
  cloud = await Cloud.start({ HOOKS, PRESENCE_GRACE_MS: String(graceMs), PROBE_MINUTES: '1' });
});
afterAll(() => cloud.stop());

/** A user with a path of its own. The client of a handshake that was killed is not in. */
interface Visit {
  readonly path: string;
  readonly client: Client | undefined;
}

/** A client whose user joins a group in its handshake; a message makes it join or leave. */
async function visit(join: readonly string[] = ['room']): Promise<Visit> {
  const path = freshPath();
  cloud.app.on(path, ({ fields: { event, body } }) => {
    if (event === 'handshake') return actions({ join, user: path.slice(1) });
    if (event === 'message') return actions(body === 'leave' ? { leave: ['room'] } : { join: ['room'] });
    return 204;
  });
  const outcome = await tryConnect(cloud.at(path));
  return { path, client: outcome instanceof Client ? outcome : undefined };
}

const say = async (text: string): Promise<Visit> => {
  const visitor = await visit(text === 'leave' ? ['room'] : []);
  await cloud.settled();
  visitor.client?.send(text);
  return visitor;
};

/** What was told of a visitor's user: each hook once, by its number, in the order of these. */
function told(path: string): (string | undefined)[] {
  const hooks = cloud.app.of(path).filter(({ fields: { event = '' } }) => ['joined', 'left'].includes(event));
  const byNumber = new Map(hooks.map(({ fields }) => [Number(fields['sequence']), fields['event']]));
  return [...byNumber].sort(([one], [other]) => one - other).map(([, event]) => event);
}

/** Whether a visitor's socket is in the group. */
async function isIn(path: string): Promise<boolean> {
  const { json } = await cloud.api.call('GET', '/groups/room/users?limit=1000');
  const users = json['users'] as { readonly user: string }[];
  return users.some(({ user }) => user === path.slice(1));
}

/** As long as it takes until each task is due that was queued before a function died. */
async function recover(): Promise<void> {
  await cloud.recover();
  await cloud.minutes(3);
}

/** A deed, after what has to be there before any function is in its victim's place. */
interface Deed {
  readonly handler: HandlerName;
  readonly deed: () => Promise<Visit>;
  readonly prepare?: () => Promise<void>;
  /** How many moments there are at least. */
  readonly least: number;
}

/** Visitors who have been told to have joined. No task that was queued then is left, so nobody else looks. */
const joined: Visit[] = [];

async function awaitJoined(): Promise<void> {
  for (let at = 0; at < 30; at++) joined.push(await visit());
  await cloud.settled();
  await cloud.pass(100_000);
  await cloud.settled();
}

const deeds: Readonly<Record<string, Deed>> = {
  'a handshake that joins': { handler: 'connect', deed: () => visit(), least: 12 },
  'a message whose answer joins': { handler: 'default', deed: () => say('join'), least: 10 },
  'a message whose answer leaves': { handler: 'default', deed: () => say('leave'), least: 10 },
  'the end of a socket': {
    handler: 'disconnect',
    prepare: awaitJoined,
    deed: async () => {
      const visitor = joined.pop() ?? (await visit());
      await visitor.client?.close();
      return visitor;
    },
    least: 10,
  },
  'the look at who has come': {
    handler: 'tasks',
    deed: async () => {
      const visitor = await visit();
      await cloud.settled();
      return visitor;
    },
    least: 10,
  },
  'the look at who has gone': {
    handler: 'tasks',
    prepare: awaitJoined,
    deed: async () => {
      const visitor = joined.pop() ?? (await visit());
      await visitor.client?.close();
      await cloud.app.hook(visitor.path, 'closed');
      await cloud.settled();
      await cloud.pass(graceMs);
      await cloud.settled();
      return visitor;
    },
    least: 10,
  },
};

describe('killed at every moment', slow, () => {
  test.for(Object.keys(deeds))('%s is told as it is in the end, each hook by one number', async (name) => {
    const wanted = deeds[name];
    if (wanted === undefined) throw new Error(`There is no deed ${name}.`);
    await wanted.prepare?.();
    const cases = await killedAtEveryMoment(cloud, wanted.handler, wanted.deed);
    expect(cases.length).toBeGreaterThanOrEqual(wanted.least);
    await recover();
    for (const { victim, result } of cases) {
      const heard = told(result.path);
      const isHere = await isIn(result.path);
      expect(heard.at(-1) === 'joined', `${victim.moment}: ${heard}`).toBe(isHere);
      const alternating = heard.map((_, at) => (at % 2 === 0 ? 'joined' : 'left'));
      expect(heard, victim.moment).toEqual(alternating);
    }
    for (const { client } of [...cases.map(({ result }) => result), ...joined.splice(0)])
      await client?.close();
    await cloud.settled();
    await recover();
    for (const { victim, result } of cases) {
      const heard = told(result.path);
      expect([undefined, 'left'], victim.moment).toContain(heard.at(-1));
    }
    expect(await cloud.items()).toEqual([]);
  });
});
