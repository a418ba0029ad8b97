import { setTimeout as sleep } from 'node:timers/promises';
import { messageHook } from '../../functions/gateway/relay/hooks.ts';
import { runActions } from '../../functions/gateway/relay/run-actions.ts';
import { noActions } from '../../functions/wire/actions.ts';
import { type GroupName, parseGroup } from '../../functions/wire/group.ts';
import { fakeGateway } from '../fakes/fake-gateway.ts';
import type { Bench, Effort, Section } from './bench.ts';
import { deliver } from './broadcast.ts';
import { median } from './measure/median.ts';
import { inRounds } from './measure/rounds.ts';
import { type Station, withStations } from './measure/station.ts';
import { whole } from './report/markdown.ts';
import { besideBefore, standingOf, standingsTable } from './report/standings.ts';
import { text128 } from './shapes.ts';
import { before, gateway } from './subjects/gateway.ts';

const open = { full: 10_000, quick: 2_000 } as const;
const members = 1_000;
const moving = 50;

const [toGroup, toAll, alone] = ['to a group of 1,000', 'to all', 'to all, 1,000 open'] as const;
const [moves, replies] = ['move and reply', 'reply'] as const;

/** What groups cost: broadcasts to one, joins alone, and moves from one to another in the answer to a message. */
export const groups: Bench = {
  name: 'groups',
  run: async (effort): Promise<Section> => {
    const broadcasts = await measureBroadcasts(effort);
    const moved = await measureMoves(effort);
    const joined = await measureJoins(effort);
    return {
      tables: [...broadcasts.tables, ...moved.tables, ...joined.tables],
      targets: [...broadcasts.targets, ...moved.targets, ...joined.targets],
    };
  },
};

/** 128 bytes to a group, beside the same to all of as many open sockets, and to all of a gateway with no others. */
function measureBroadcasts(effort: Effort): Promise<Section> {
  const others = open[effort.isQuick ? 'quick' : 'full'];
  const subjects = [toGroup, toAll, alone].map((name) => ({ ...gateway(effort.gatewayOptions), name }));
  return withStations(subjects, 'reply', async (stations) => {
    for (const station of stations) {
      await station.open(members, '/member');
      if (station.name !== alone) await station.open(others - members);
    }
    const measure = (station: Station) =>
      deliver(station, effort.ms, station.name === toGroup ? { group: 'bench', members } : undefined);
    for (const station of stations)
      for (let warm = 0; warm < effort.warmMs; warm += effort.ms) await measure(station);
    const standings = await inRounds(stations, toAll, effort.rounds, measure);
    const title = `${whole(others)} sockets open`;
    const measured = 1 / standingOf(toGroup, standings).cpuRatio;
    return {
      tables: [standingsTable(title, ['delivery', 'deliveries'], toAll, standings)],
      targets: [{ what: 'CPU per delivery to a group ÷ to all', measured, max: 1.05 }],
    };
  });
}

/** Every answer has a reply. One gateway's answers also join a group and leave another, and so do those of one before. */
function measureMoves(effort: Effort): Promise<Section> {
  const own = [moves, replies].map((name) => ({ ...gateway(effort.gatewayOptions), name }));
  const subjects = [...own, ...before()];
  return withStations(subjects, 'reply', async (stations) => {
    const measure = async (station: Station) => {
      await station.drive({ text: text128, inFlight: 1 });
      await sleep(effort.ms / 5);
      const measured = await station.measure(() => sleep(effort.ms));
      await station.rest();
      return measured;
    };
    for (const station of stations) {
      await station.open(moving, station.name === replies ? '' : '/mover');
      for (let warm = 0; warm < effort.warmMs; warm += effort.ms) await measure(station);
    }
    const standings = await inRounds(stations, replies, effort.rounds, measure);
    return {
      tables: [
        standingsTable(`${moving}x1 (clients x in flight)`, ['message', 'messages'], replies, standings),
      ],
      targets: besideBefore('moves', standings, 1.03, moves),
    };
  });
}

/** Joins by the actions of answers, without hooks: 10,000 sockets join ten groups of 1,000, and leave them again. */
async function measureJoins({ rounds }: Effort): Promise<Section> {
  const { gateway, admit } = fakeGateway();
  const sockets = await Promise.all(Array.from({ length: 10_000 }, () => admit()));
  const hooks = sockets.map((record) =>
    messageHook(record, { id: 'bench', body: '', time: record.openedAt }),
  );
  const change = async (action: 'join' | 'leave'): Promise<number> => {
    const started = process.cpuUsage();
    for (let group = 0; group < 10; group++) {
      for (const [at, hook] of hooks.entries()) {
        const record = sockets[at];
        if (record === undefined) continue;
        const names = [groupName(`room:${group}:${at % 10}`)];
        await runActions(gateway, hook, { ...noActions, [action]: names }, record);
      }
    }
    const { user, system } = process.cpuUsage(started);
    return (hooks.length * 10 * 1e6) / (user + system);
  };
  const rates: { readonly joins: number; readonly leaves: number }[] = [];
  for (let round = 0; round <= rounds; round++)
    rates.push({ joins: await change('join'), leaves: await change('leave') });
  // In the first round, nothing is compiled yet.
  const joins = median(rates.slice(1).map((rate) => rate.joins));
  const leaves = median(rates.slice(1).map((rate) => rate.leaves));
  return {
    tables: [
      {
        title: '10,000 sockets, ten groups each, one name per action',
        head: ['', 'per CPU-second', 'CPU µs'],
        rows: [
          ['join', whole(joins), (1e6 / joins).toFixed(2)],
          ['leave', whole(leaves), (1e6 / leaves).toFixed(2)],
        ],
      },
    ],
    targets: [{ what: 'joins per CPU-second by action', measured: joins, min: 100_000 }],
  };
}

function groupName(text: string): GroupName {
  const name = parseGroup(text);
  if (!name.ok) throw new Error(name.error);
  return name.value;
}
