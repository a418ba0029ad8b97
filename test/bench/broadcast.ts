import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Section, Table, Target } from './bench.ts';
import { inRounds, type Standing } from './measure/rounds.ts';
import { type Station, withStations } from './measure/station.ts';
import { beside, besideBefore, ratiosOf, standingsTable } from './report/standings.ts';
import { text128 } from './shapes.ts';
import { floor } from './subjects/baselines.ts';
import { before, gateway, gatewayOnBun } from './subjects/gateway.ts';
import { hasNchan, nchan } from './subjects/nchan.ts';

const sizes = [1_000, 5_000, 10_000] as const;

/** 128 bytes to every socket, again and again, beside a bare loop of `ws.send`. */
export const broadcast: Bench = {
  name: 'broadcast',
  run: (effort) => {
    const subjects = [
      gateway(effort.gatewayOptions),
      gatewayOnBun,
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
        targets.push(
          ...beside(`${size} sockets`, standings, ['gateway', floor.name], { rateMin: 0.95 }),
          ...besideNchan(`${size} sockets on Bun`, standings),
          ...besideBefore(`${size} sockets`, standings, 1.03),
        );
      }
      return { tables, targets };
    });
  },
};

/** What the gateway on Bun must do beside nchan, if that was measured: deliver faster, or at less of its CPU. */
const beyond = { rate: 1.3, cpu: 0.6 };

function besideNchan(what: string, standings: readonly Standing[]): Target[] {
  const ratios = ratiosOf(gatewayOnBun.name, 'nchan', standings);
  if (ratios === undefined) return [];
  const { rate, cpu } = ratios;
  const either = `rate ÷ nchan (${rate.toFixed(2)}) of ${beyond.rate}, or ${beyond.cpu} of CPU ÷ nchan (${cpu.toFixed(2)})`;
  return [{ what: `${what}, ${either}`, measured: Math.max(rate / beyond.rate, beyond.cpu / cpu), min: 1 }];
}

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
