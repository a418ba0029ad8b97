import { describe, expect, test } from 'vitest';
import { broadcast } from '../../../functions/gateway/deliver/broadcast.ts';
import { closeSocket } from '../../../functions/gateway/end/close-socket.ts';
import type { Gateway } from '../../../functions/gateway/gateway.ts';
import { message } from '../../../functions/gateway/relay/message.ts';
import type { GroupName } from '../../../functions/wire/group.ts';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { everySchedule } from '../../fakes/every-schedule.ts';
import { acting, answered } from '../../fakes/fake-app.ts';
import { groupName } from '../../fakes/group-names.ts';
import { membersOf } from '../../fakes/members-of.ts';
import { Scene } from '../../fakes/scene.ts';
import { quiet } from '../../fakes/turnstile.ts';
import { keptOrder } from './arrived-in-order.ts';

const request = aConnectRequest();
const { socket, time: now } = request;
const [room, hall] = [groupName('room'), groupName('hall')];

/** For a machine that has much else to do; in milliseconds. */
const timeout = 120_000;

/** What the calls of a scene about groups have answered, by their names. */
type Answers = Map<string, string>;

/** Plays what is set up here in every order, and checks each end. Records, lists and broadcasts must agree in each. */
function everyOrder(
  setUp: (scene: Scene, answers: Answers) => void | Promise<void>,
  check: (scene: Scene, answers: Answers) => void | Promise<void> = () => {},
) {
  return everySchedule(async () => {
    const scene = new Scene(socket, { settings: { probeMinutes: 1 } });
    const answers: Answers = new Map();
    scene.check = async () => {
      keptOrder(scene);
      await check(scene, answers);
      for (const group of [room, hall]) await membersOf(scene.world, group);
      expect(scene.faults).toEqual([]);
    };
    await setUp(scene, answers);
    await quiet();
    return scene;
  });
}

/** Joins a group, or leaves it, as a call of the HTTP API does. */
function changes(
  scene: Scene,
  answers: Answers,
  who: string,
  change: { join?: GroupName[]; leave?: GroupName[] },
): void {
  const { join = [], leave = [] } = change;
  scene.begin(who, async ({ registry }) => {
    answers.set(who, await registry.changeGroups(socket, { join, leave }));
  });
}

/** A message whose answer asks for this. */
function sendsMessage(scene: Scene, who: string, document: object): void {
  scene.begin(who, (gateway) => {
    const post: Gateway['app']['post'] = async (hook) => {
      await gateway.app.post(hook);
      return acting(document);
    };
    return message({ ...gateway, app: { post } }, { socket, id: who, body: 'x', time: now });
  });
}

/** Joins a group and then broadcasts to it. */
function joinsAndBroadcasts(scene: Scene, answers: Answers): void {
  scene.begin('joiner', async (gateway) => {
    const joined = await gateway.registry.changeGroups(socket, { join: [room], leave: [] });
    const asked = { body: 'to the room', group: room, except: [] };
    const outcome = await broadcast(gateway, 'joiner', asked);
    if ('id' in outcome) throw new Error('A broadcast to one socket was handed over.');
    answers.set('joiner', joined);
    answers.set('reached', String(outcome.delivered + outcome.queued));
  });
}

/** The groups that the closed hooks told. */
function groupsTold({ world }: Scene): unknown[] {
  return world.app.told.map(({ groups = '' }) => JSON.parse(groups));
}

describe('in whatever order sockets join and leave, records, lists and broadcasts agree', { timeout }, () => {
  test('when one socket joins a group twice and leaves it, by HTTP and by answers', async () => {
    const seen = await everyOrder(async (scene, answers) => {
      await scene.stand({ status: 'open', user: 'alice' });
      changes(scene, answers, 'joiner', { join: [room] });
      sendsMessage(scene, 'message that joins', { join: ['room'] });
      sendsMessage(scene, 'message that leaves', { leave: ['room'] });
    });
    expect(seen.schedules).toBeGreaterThanOrEqual(140);
  });

  test('when one socket joins a group twice, leaves it, and is closed', async () => {
    const seen = await everyOrder(
      async (scene, answers) => {
        await scene.stand({ status: 'open', user: 'alice' });
        changes(scene, answers, 'joiner', { join: [room] });
        changes(scene, answers, 'other joiner', { join: [room, hall] });
        changes(scene, answers, 'leaver', { leave: [room] });
        scene.begin('closer', (gateway) => closeSocket(gateway, socket));
      },
      async (scene) => {
        expect(scene.told).toEqual(['1000']);
        expect(await scene.record()).toBeUndefined();
        for (const group of [room, hall]) expect(await membersOf(scene.world, group)).toEqual([]);
      },
    );
    expect(seen.schedules).toBeGreaterThan(10_000);
  });

  test('when a message that moves a socket to another group races with its end, and the closed hook tells where it was', async () => {
    const seen = await everyOrder(
      async (scene) => {
        await scene.stand({ status: 'open' });
        await scene.world.registry.changeGroups(socket, { join: [room], leave: [] });
        sendsMessage(scene, 'message', {
          leave: ['room'],
          join: ['hall'],
          broadcast: [{ body: 'b', group: 'hall' }],
        });
        scene.leave();
      },
      (scene) => {
        expect([[['room']], [['hall']]]).toContainEqual(groupsTold(scene));
      },
    );
    expect(seen.schedules).toBeGreaterThan(1_000);
  });

  test('when a socket joins and is broadcast to while another takes it out', async () => {
    const seen = await everyOrder(
      async (scene, answers) => {
        await scene.stand({ status: 'open' });
        joinsAndBroadcasts(scene, answers);
        changes(scene, answers, 'leaver', { leave: [room] });
      },
      (scene, answers) => {
        const arrived = scene.arrived.filter((body) => body === 'to the room').length;
        expect(String(arrived)).toBe(answers.get('reached'));
      },
    );
    expect(seen.schedules).toBeGreaterThanOrEqual(4);
  });
});

describe('in whatever order a handshake and a join by HTTP happen', { timeout }, () => {
  test.for([
    { answer: 'joins another group', actions: { join: ['hall'] }, groups: ['hall'] },
    {
      answer: 'joins the same group and replies',
      actions: { join: ['room', 'hall'], reply: 'welcome' },
      groups: ['room', 'hall'],
    },
  ])(
    'a join that was answered is kept, and a broadcast after it arrives once ($answer)',
    async ({ actions, groups }) => {
      const outcomes = new Set<string>();
      const seen = await everyOrder(
        (scene, answers) => {
          if ('reply' in actions) scene.expectReply('welcome');
          scene.connect(request, acting(actions));
          joinsAndBroadcasts(scene, answers);
        },
        async (scene, answers) => {
          const joined = answers.get('joiner') ?? 'no answer';
          outcomes.add(joined);
          const expected = joined === 'done' ? ['room', ...groups] : groups;
          expect(new Set((await scene.record())?.groups)).toEqual(new Set(expected));
          const arrived = scene.arrived.filter((body) => body === 'to the room');
          expect(String(arrived.length)).toBe(answers.get('reached'));
          if (joined === 'done') expect(answers.get('reached')).toBe('1');
        },
      );
      expect([...outcomes].sort()).toEqual(['done', 'gone']);
      expect(seen.schedules).toBeGreaterThan(25);
    },
  );

  test('a leave that was answered is kept if the answer does not join the group again', async () => {
    const seen = await everyOrder(
      (scene, answers) => {
        scene.connect(request, acting({ join: ['hall'] }));
        scene.begin('joiner', async ({ registry }) => {
          answers.set('joined', await registry.changeGroups(socket, { join: [room], leave: [] }));
          answers.set('left', await registry.changeGroups(socket, { join: [], leave: [room] }));
        });
      },
      async (scene) => {
        expect((await scene.record())?.groups).toEqual(['hall']);
      },
    );
    expect(seen.schedules).toBeGreaterThanOrEqual(10);
  });

  test('a handshake that is refused leaves no member', async () => {
    const seen = await everyOrder(
      (scene, answers) => {
        scene.connect(request, answered(403), ['in 1']);
        joinsAndBroadcasts(scene, answers);
        scene.begin('closer', (gateway) => closeSocket(gateway, socket));
      },
      async (scene) => {
        expect(await scene.record()).toBeUndefined();
        expect(await membersOf(scene.world, room)).toEqual([]);
        expect(scene.arrived).toEqual([]);
        expect(scene.told).toEqual([]);
      },
    );
    expect(seen.schedules).toBeGreaterThan(1_100);
  });

  test('a socket that is closed meanwhile is in no group, and its closed hook tells those that it had joined', async () => {
    const seen = await everyOrder(
      (scene, answers) => {
        scene.connect(request, acting({ join: ['hall'] }));
        changes(scene, answers, 'joiner', { join: [room] });
        scene.begin('closer', async (gateway) => {
          // Too early: the client goes by itself.
          if ((await closeSocket(gateway, socket)) === 'gone') scene.leave();
        });
      },
      async (scene, answers) => {
        expect(scene.told).toHaveLength(1);
        const [told] = groupsTold(scene);
        const isAccepted = scene.admission?.kind === 'accepted';
        const expected = [
          ...(answers.get('joiner') === 'done' ? ['room'] : []),
          ...(isAccepted ? ['hall'] : []),
        ];
        expect(new Set(told as string[])).toEqual(new Set(expected));
        expect(await scene.record()).toBeUndefined();
        for (const group of [room, hall]) expect(await membersOf(scene.world, group)).toEqual([]);
      },
    );
    expect(seen.schedules).toBeGreaterThan(1_100);
  });
});
