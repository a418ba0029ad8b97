import { type ClientRequest, get } from 'node:http';
import type { Bench } from './bench.ts';
import { inRounds } from './measure/rounds.ts';
import { withStations } from './measure/station.ts';
import { standingOf, standingsTable } from './report/standings.ts';
import { echo, warm } from './shapes.ts';
import { benchToken, gateway, inspected } from './subjects/gateway.ts';

const baseline = gateway().name;

/** The most that a message may cost with the inspector and an open page, divided by its cost without. */
const most = 1.15;

/** What the inspector costs while a page is open: the gateway with it, beside the same without. */
export const inspectedBench: Bench = {
  name: 'inspected',
  run: (effort) =>
    withStations(
      [gateway(effort.gatewayOptions), inspected(effort.gatewayOptions)],
      'reply',
      async (stations) => {
        const pages = stations.slice(1).map(({ running }) => openPage(running.url));
        await warm(stations, effort.warmMs);
        for (const station of stations) await station.open(50);
        const standings = await inRounds(stations, baseline, effort.rounds, (one) => echo(one, 1, effort.ms));
        for (const page of pages) page.destroy();
        const measured = 1 / standingOf('inspected', standings).cpuRatio;
        return {
          tables: [standingsTable('echo, 50x1', ['message', 'messages'], baseline, standings)],
          targets: [{ what: `CPU ÷ ${baseline}`, measured, max: most }],
        };
      },
    ),
};

/** Reads the events of the inspector as a page does. */
function openPage(url: string): ClientRequest {
  const { host, port } = new URL(url);
  const headers = { Cookie: `sockethook_inspector_${port}=${benchToken}` };
  return get(`http://${host}/inspector/events`, { headers, agent: false }, (events) => {
    if (events.statusCode !== 200) throw new Error(`The inspector answered ${events.statusCode}.`);
    events.resume().on('error', () => {});
  }).on('error', () => {});
}
