import type { Bench } from './bench.ts';
import { inRounds } from './measure/rounds.ts';
import { type Station, withStations } from './measure/station.ts';
import { beside, besideBefore, standingsTable } from './report/standings.ts';
import { forwarder } from './subjects/baselines.ts';
import { before, gateway, gatewayOnBun } from './subjects/gateway.ts';
import { hasNchan, nchan } from './subjects/nchan.ts';
import { hasPushpin, pushpin } from './subjects/pushpin.ts';

/** Clients that connect, 50 at a time, each after its handshake hook. They stay until the round is over. */
export const connect: Bench = {
  name: 'connect',
  run: (effort) => {
    const peers = [
      ...(hasNchan() ? [nchan('own/%n')] : []),
      ...(hasPushpin() && !effort.isQuick ? [pushpin] : []),
    ];
    const subjects = [gateway(effort.gatewayOptions), gatewayOnBun, ...before(), forwarder, ...peers];
    const count = effort.isQuick ? 1_000 : 4_000;
    return withStations(subjects, 'reply', async (stations) => {
      for (const station of stations) await connectAll(station, count);
      const standings = await inRounds(stations, 'forwarder', effort.rounds, (one) => connectAll(one, count));
      return {
        tables: [standingsTable(`${count} clients`, ['connect', 'connects'], 'forwarder', standings)],
        targets: [
          ...beside('connects', standings, ['gateway', 'forwarder'], { rateMin: 1.2 }),
          ...beside('connects on Bun', standings, [gatewayOnBun.name, 'nchan'], { rateMin: 1, cpuMax: 1 }),
          ...besideBefore('connects', standings, 1.03),
        ],
      };
    });
  },
};

/** Measures how clients connect. They are gone when it resolves. */
export async function connectAll(station: Station, count: number) {
  const measured = await station.measure(() => station.open(count), count);
  await station.close();
  // The closed hooks must be done before the next measurement.
  await station.calm();
  return measured;
}
