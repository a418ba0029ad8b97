import type { Bench, Effort, Target } from './bench.ts';
import { connectAll } from './connect.ts';
import { median } from './measure/median.ts';
import { inRounds } from './measure/rounds.ts';
import { withStations } from './measure/station.ts';
import { bytesPerSocket } from './memory.ts';
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
          { title: '10,000 idle sockets', head: ['', 'KB per socket', `÷ ${baseline}`], rows },
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

/** The ratio is that of two medians, since each size has processes of its own. */
async function memoryOf({ isQuick }: Effort): Promise<{ rows: string[][]; target: Target }> {
  const sizes: [number[], number[]] = [[], []];
  for (let round = 0; round < (isQuick ? 1 : 3); round++) {
    sizes[0].push(await bytesPerSocket(gateway()));
    sizes[1].push(await bytesPerSocket(withoutStore));
  }
  const [own, base] = [median(sizes[0]), median(sizes[1])];
  const row = (name: string, bytes: number) => [name, (bytes / 1_000).toFixed(2), (bytes / base).toFixed(2)];
  return {
    rows: [row('gateway', own), row(baseline, base)],
    target: { what: `memory of ${baseline} ÷ own`, measured: base / own, min: least },
  };
}
