import type { Bench, Effort, Target } from './bench.ts';
import { connectAll } from './connect.ts';
import { median } from './measure/median.ts';
import { inRounds } from './measure/rounds.ts';
import { withStations } from './measure/station.ts';
import { bytesPerSocket, type SocketBytes } from './memory.ts';
import { standingOf, standingsTable } from './report/standings.ts';
import { echo, warm } from './shapes.ts';
import { gateway, withoutStore } from './subjects/gateway.ts';

const baseline = withoutStore.name;

/** The least part of a rate, and of the sockets in the same memory, that must be left with a store. */
const least = 0.97;

/** What the store costs: the gateway with its store, as it is by default, beside the same without one. */
export const stored: Bench = {
  name: 'stored',
  run: async (effort) => {
    const subjects = [gateway(effort.gatewayOptions), withoutStore];
    return withStations(subjects, 'reply', async (stations) => {
      await warm(stations, effort.warmMs);
      const count = effort.isQuick ? 1_000 : 4_000;
      for (const station of stations) await connectAll(station, count);
      const connects = await inRounds(stations, baseline, effort.rounds, (one) => connectAll(one, count));
      for (const station of stations) await station.open(50);
      const echoes = await inRounds(stations, baseline, effort.rounds, (one) => echo(one, 1, effort.ms));
      const { rows, target } = await memoryOf(effort);
      return {
        tables: [
          standingsTable(`${count} clients connect`, ['connect', 'connects'], baseline, connects),
          standingsTable('echo, 50x1', ['message', 'messages'], baseline, echoes),
          { title: '10,000 idle sockets', head: memoryHead, rows },
        ],
        targets: [
          ...targetsOf('connects', standingOf('gateway', connects)),
          ...targetsOf('echo 50x1', standingOf('gateway', echoes)),
          target,
        ],
      };
    });
  },
};

function targetsOf(what: string, { rateRatio, cpuRatio }: { rateRatio: number; cpuRatio: number }): Target[] {
  return [
    { what: `${what}, rate ÷ ${baseline}`, measured: rateRatio, min: least },
    { what: `${what}, CPU of ${baseline} ÷ own`, measured: cpuRatio, min: least },
  ];
}

const memoryHead = ['', 'KB in use per socket', `÷ ${baseline}`, 'KB resident', `÷ ${baseline}`];

/**
 * The ratios are those of two medians, since each size has processes of its own. The target is on what is in use: how
 * much room for garbage V8 keeps differs more between two runs than the store takes.
 */
async function memoryOf({ isQuick }: Effort): Promise<{ rows: string[][]; target: Target }> {
  const sizes: [SocketBytes[], SocketBytes[]] = [[], []];
  for (let round = 0; round < (isQuick ? 1 : 3); round++) {
    sizes[0].push(await bytesPerSocket(gateway()));
    sizes[1].push(await bytesPerSocket(withoutStore));
  }
  const middle = (of: readonly SocketBytes[]): SocketBytes => ({
    resident: median(of.map(({ resident }) => resident)),
    inUse: median(of.map(({ inUse }) => inUse)),
  });
  const [own, base] = [middle(sizes[0]), middle(sizes[1])];
  const cells = (bytes: number, beside: number) => [(bytes / 1_000).toFixed(2), (bytes / beside).toFixed(2)];
  const row = (name: string, { inUse, resident }: SocketBytes) => [
    name,
    ...cells(inUse, base.inUse),
    ...cells(resident, base.resident),
  ];
  return {
    rows: [row('gateway', own), row(baseline, base)],
    target: { what: `memory in use of ${baseline} ÷ own`, measured: base.inUse / own.inUse, min: least },
  };
}
