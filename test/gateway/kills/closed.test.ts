import { describe, expect, test } from 'vitest';
import { deliver } from '../../../functions/gateway/deliver/deliver.ts';
import { closeSocket } from '../../../functions/gateway/end/close-socket.ts';
import { endSocket } from '../../../functions/gateway/end/end-socket.ts';
import type { Gateway } from '../../../functions/gateway/gateway.ts';
import { disconnect } from '../../../functions/gateway/relay/disconnect.ts';
import { message } from '../../../functions/gateway/relay/message.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import { sweep } from '../../../functions/gateway/sweep/sweep.ts';
import type { AppResponse } from '../../../functions/wire/answer.ts';
import { codesTold, deployedWorld, recover, standing } from '../../fakes/deployed-world.ts';
import { acting, answered } from '../../fakes/fake-app.ts';
import { type Death, everyDeath, mortally } from '../../fakes/mortal.ts';
import { work } from '../../fakes/sweep-minutes.ts';

type Ended = Awaited<ReturnType<typeof gone>>;

/** A client that has gone, and others that are there. The answers are those to its closed hook. */
async function gone(answers: readonly AppResponse[]) {
  const world = deployedWorld();
  const [record, other] = [await world.admit(), await world.admit()];
  await world.clock.advance(60_000);
  world.connections.missing.add(record.socket);
  world.connections.script(record.socket, () => ({ kind: 'gone' }));
  world.app.answers = [...answers];
  return { world, socket: record.socket, other: other.socket };
}

/** What the app answers to a closed hook, in a few rounds. */
const answers: { what: string; answers: readonly AppResponse[] }[] = [
  { what: 'is there', answers: [] },
  { what: 'answers with a broadcast', answers: [acting({ broadcast: [{ body: 'somebody left' }] })] },
  { what: 'fails twice', answers: [answered(503), { kind: 'timeout' }] },
  { what: 'fails for some rounds', answers: Array.from({ length: 8 }, () => answered(503)) },
];

const end = { code: 1001, reason: '' };

/** The ways to an end, and the codes that it may be told with. */
const ways: Record<string, { codes: string[]; run: (gateway: Gateway, ended: Ended) => Promise<unknown> }> = {
  'tells of `$disconnect`': {
    codes: ['1001', '1006'],
    run: (gateway, { socket }) => disconnect(gateway, socket, end),
  },
  'does the queued task': {
    codes: ['1001'],
    run: async (gateway, { world, socket }) => {
      await endSocket(world.gateway, socket, end);
      world.tasks.queued.splice(0);
      await runTask(gateway, { kind: 'closed', socket });
    },
  },
  'finds it out by sending': {
    codes: ['1006'],
    run: async (gateway, { socket }) => deliver(gateway, socket, 'hello'),
  },
  'closes it for the app': {
    codes: ['1000', '1006'],
    run: (gateway, { socket }) => closeSocket(gateway, socket),
  },
  sweeps: { codes: ['1006'], run: (gateway) => sweep({ ...gateway, settings: probing(gateway) }, 0) },
};

const probing = ({ settings }: Gateway) => ({ ...settings, probeMinutes: 1 });
const cases = Object.entries(ways).flatMap(([how, way]) => answers.map((app) => ({ how, ...way, ...app })));

describe('a gateway that dies at any step of an end', () => {
  test.for(cases)('when it $how, and the app $what', async ({ codes, run, answers: given, what }) => {
    const deaths = await everyDeath(async (death: Death) => {
      const ended = await gone(given);
      const { world, socket, other } = ended;
      const fate = await world.clock.until(mortally(world.gateway, death, (mortal) => run(mortal, ended)));
      await work(world);
      await recover(world);
      const told = codesTold(world, socket);
      // How often it was told and had an answer that counts; each of these was the last unless its worker died.
      const heard = told.length - Math.min(told.length, given.filter(isFailure).length);
      expect(heard).toBeGreaterThanOrEqual(1);
      expect(heard).toBeLessThanOrEqual(fate.kind === 'survived' ? 1 : 2);
      expect(new Set(told).size).toBe(1);
      expect(codes).toContain(told[0]);
      if (fate.kind === 'survived') expect(told[0]).toBe(codes[0]);
      expect(await standing(world)).toEqual({ [other]: 'open' });
      if (what === 'answers with a broadcast' && heard === 1)
        expect(world.connections.of(other)).toContain('somebody left');
      return fate;
    });
    expect(deaths.length).toBeGreaterThanOrEqual(4);
  });
});

const isFailure = (answer: AppResponse): boolean => answer.kind !== 'response' || answer.status >= 500;

describe('a gateway that dies while it does what a message asked for', () => {
  test('leaves a socket that is open or gone, whose end is told with 1000', async () => {
    const deaths = await everyDeath(async (death) => {
      const world = deployedWorld();
      const { gateway, app, clock } = world;
      const { socket } = await world.admit();
      const other = (await world.admit()).socket;
      app.answers = [acting({ reply: 'bye', close: true })];
      const arrival = { socket, id: 'm', body: 'x', time: clock.now() };
      const fate = await clock.until(mortally(gateway, death, (mortal) => message(mortal, arrival)));
      await work(world);
      await recover(world);
      const isOpen = socket in (await standing(world));
      expect(codesTold(world, socket)).toEqual(isOpen ? [] : ['1000']);
      expect(await standing(world)).toEqual({ [other]: 'open', ...(isOpen ? { [socket]: 'open' } : {}) });
      if (fate.kind === 'survived') expect(isOpen).toBe(false);
      return fate;
    });
    expect(deaths).toEqual(expect.arrayContaining(['after close 1000', 'before queue closed']));
  });
});
