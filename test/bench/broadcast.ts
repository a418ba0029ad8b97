import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Section, Table, Target } from './bench.ts';
import { inRounds } from './measure/rounds.ts';
import { type Station, withStations } from './measure/station.ts';
import { besideBefore, standingOf, standingsTable } from './report/standings.ts';
import { text128 } from './shapes.ts';
import { floor } from './subjects/baselines.ts';
import { before, gateway } from './subjects/gateway.ts';
import { hasNchan, nchan } from './subjects/nchan.ts';

const sizes = [1_000, 5_000, 10_000] as const;

/** 128 bytes to every socket, again and again, beside a bare loop of `ws.send`. */
export const broadcast: Bench = {
  name: 'broadcast',
  run: (effort) => {
    const subjects = [
      gateway(effort.gatewayOptions),
      ...before(),
      floor,
      ...(hasNchan() ? [nchan('all')] : []),
    ];
    return withStations(subjects, 'reply', async (stations): Promise<Section> => {
      const tables: Table[] = [];
      const targets: Target[] = [];
      let open = 0;
      for (const size of sizes) {
        for (const station of stations) await station.open(size - open);
        open = size;
        for (const station of stations) await deliver(station, effort.warmMs / 2);
        const standings = await inRounds(stations, 'bare ws', effort.rounds, (one) =>
          deliver(one, effort.ms),
        );
        tables.push(standingsTable(`${size} sockets`, ['delivery', 'deliveries'], 'bare ws', standings));
        const measured = standingOf('gateway', standings).rateRatio;
        targets.push({ what: `${size} sockets, rate ÷ bare loop`, measured, min: 0.95 });
        targets.push(...besideBefore(`${size} sockets`, standings, 1.03));
      }
      return { tables, targets };
    });
  },
};

/** Measures the deliveries of broadcasts for `ms` milliseconds. */
export async function deliver(
  station: Station,
  ms: number,
  to?: { readonly group: string; readonly members: number },
) {
  await station.broadcast(text128, to);
  await sleep(ms / 5);
  const measured = await station.measure(() => sleep(ms));
  await station.rest();
  return measured;
}
