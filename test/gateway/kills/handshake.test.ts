import { describe, expect, test } from 'vitest';
import { deliver } from '../../../functions/gateway/deliver/deliver.ts';
import { disconnect } from '../../../functions/gateway/relay/disconnect.ts';
import { handshake } from '../../../functions/gateway/relay/handshake.ts';
import type { AppResponse } from '../../../functions/wire/answer.ts';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { codesTold, deployedWorld, recover, standing } from '../../fakes/deployed-world.ts';
import { acting, answered } from '../../fakes/fake-app.ts';
import { FakeClient } from '../../fakes/fake-client.ts';
import { type Death, everyDeath, mortally } from '../../fakes/mortal.ts';
import { work } from '../../fakes/sweep-minutes.ts';

/** A handshake with this answer, and with these messages sent while the app is being asked, that dies this death. */
async function connectAndDie(death: Death, answer: AppResponse, meanwhile: readonly string[], lagMs = 0) {
  const world = deployedWorld();
  const { gateway, app, clock } = world;
  const other = await world.admit();
  const request = aConnectRequest();
  const client = new FakeClient(world, request.socket);
  app.admission = answer;
  app.onPost = async ({ url }) => {
    if (!url.includes('/handshake/')) return;
    for (const body of meanwhile) expect(await deliver(gateway, request.socket, body)).toBe('queued');
  };
  const fate = await clock.until(mortally(gateway, death, (mortal) => handshake(mortal, request)));
  const isIn = client.enter(fate, lagMs);
  const wasAsked = app.requests.length > 0;
  const hadRecord = wasAsked || request.socket in (await standing(world));
  const tasks: string[] = [];
  const send = async (body: string): Promise<void> => {
    const outcome = await clock.until(deliver(gateway, request.socket, body));
    if (outcome === 'delivered' || outcome === 'queued') tasks.push(body);
  };
  await send('later 1');
  await work(world);
  await send('later 2');
  await recover(world);
  return { world, client, other, fate, isIn, wasAsked, hadRecord, tasks, socket: request.socket };
}

const accepted = [
  { what: 'nothing else', answer: answered(204), meanwhile: [], waited: [] },
  { what: 'messages sent meanwhile', answer: answered(204), meanwhile: ['a', 'b'], waited: ['a', 'b'] },
  { what: 'a reply', answer: acting({ reply: 'welcome', state: 's' }), meanwhile: [], waited: ['welcome'] },
  {
    what: 'messages, a reply and a broadcast',
    answer: acting({ reply: 'welcome', broadcast: [{ body: 'to all' }] }),
    ...{ meanwhile: ['a'], waited: ['a', 'welcome'] },
  },
];

describe.for([0, 1_000, 3_000])(
  'a gateway that dies letting a client in that is there %i ms later',
  (lagMs) => {
    test.for(accepted)('with $what', async ({ answer, meanwhile, waited }) => {
      const deaths = await everyDeath(async (death) => {
        const lived = await connectAndDie(death, answer, meanwhile, lagMs);
        const { world, client, other, fate, isIn, hadRecord, tasks, socket } = lived;
        const left = { [other.socket]: 'open' };
        if (isIn) {
          expect(client.arrived.filter((body) => body !== 'to all')).toEqual([...waited, ...tasks]);
          expect(tasks).toEqual(['later 1', 'later 2']);
          expect(client.arrived.slice(0, waited.length)).toEqual(waited);
          expect(codesTold(world, socket)).toEqual([]);
          expect(await standing(world)).toEqual({ ...left, [socket]: 'open' });
        } else {
          expect(client.arrived).toEqual([]);
          expect(codesTold(world, socket)).toEqual(hadRecord ? ['1006'] : []);
          expect(await standing(world)).toEqual(left);
        }
        return fate;
      });
      expect(deaths.length).toBeGreaterThanOrEqual(6);
      expect(deaths).toContain(`after accept ${waited.length > 0 ? 'accepted' : 'open'}`);
    });
  },
);

describe('a gateway that dies refusing a client', () => {
  test.for([answered(403), answered(404), { kind: 'unreachable', why: 'x' } as const])(
    'whom the app answered %o',
    async (answer) => {
      const deaths = await everyDeath(async (death) => {
        const { world, client, other, fate, isIn, socket } = await connectAndDie(death, answer, ['a', 'b']);
        expect(isIn).toBe(false);
        expect(client.arrived).toEqual([]);
        const forgot = fate.kind === 'survived' || (fate.call === 'remove' && fate.when === 'after');
        const stored = fate.kind === 'survived' || fate.call !== 'put' || fate.when === 'after';
        expect(codesTold(world, socket)).toEqual(forgot || !stored ? [] : ['1006']);
        expect(await standing(world)).toEqual({ [other.socket]: 'open' });
        return fate;
      });
      expect(deaths).toHaveLength(6);
    },
  );
});

describe('a gateway that dies where it can’t know what the app decided', () => {
  test.for([{ kind: 'timeout' } as const, answered(500), acting({ replay: 'x' })])(
    'whose answer was %o',
    async (answer) => {
      const deaths = await everyDeath(async (death) => {
        const { world, client, other, fate, hadRecord, socket } = await connectAndDie(death, answer, ['a']);
        expect(client.arrived).toEqual([]);
        expect(codesTold(world, socket)).toEqual(hadRecord ? ['1006'] : []);
        expect(await standing(world)).toEqual({ [other.socket]: 'open' });
        return fate;
      });
      expect(deaths).toHaveLength(8);
    },
  );
});

describe('a client that goes while the app is being asked', () => {
  test.for([
    { who: 'the one who asks', answer: answered(204), owed: true },
    { who: 'the one who hangs up', answer: answered(204), owed: true },
    { who: 'the one who asks', answer: answered(403), owed: false },
    { who: 'the one who hangs up', answer: answered(403), owed: false },
  ])('is told of though $who dies ($answer.status)', async ({ who, answer, owed }) => {
    const deaths = await everyDeath(async (death) => {
      const world = deployedWorld();
      const { gateway, app, clock } = world;
      const request = aConnectRequest();
      const client = new FakeClient(world, request.socket);
      const end = { code: 1001, reason: '' };
      let hungUp: Awaited<ReturnType<typeof mortally<void>>> | undefined;
      app.admission = answer;
      app.onPost = async ({ url }) => {
        if (!url.includes('/handshake/')) return;
        const dying = who === 'the one who hangs up' ? death : { at: 99, when: 'before' as const };
        hungUp = await mortally(gateway, dying, (mortal) => disconnect(mortal, request.socket, end));
      };
      const dying = who === 'the one who asks' ? death : { at: 99, when: 'before' as const };
      const asked = await clock.until(mortally(gateway, dying, (mortal) => handshake(mortal, request)));
      client.enter(asked);
      await work(world);
      await recover(world);
      const isMarked =
        hungUp?.kind === 'survived' || hungUp?.when === 'after' || hungUp?.call !== 'close 1001';
      const told = codesTold(world, request.socket);
      if (asked.kind === 'survived' && hungUp !== undefined) {
        // A client that went without a word is there no more, and is found missing if it was let in.
        if (owed && isMarked) expect(told).toEqual(['1001']);
        if (!owed) expect(told).toEqual([]);
      } else if (hungUp !== undefined) {
        const forgot = asked.kind === 'died' && asked.call === 'remove' && asked.when === 'after';
        expect(told).toEqual(forgot ? [] : ['1001']);
      }
      expect(client.arrived).toEqual([]);
      expect(Object.values(await standing(world))).toEqual(owed && !isMarked ? ['open'] : []);
      return who === 'the one who asks' ? asked : (hungUp ?? asked);
    });
    expect(deaths.length).toBeGreaterThanOrEqual(2);
  });
});
