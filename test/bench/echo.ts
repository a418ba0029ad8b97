import type { Bench } from './bench.ts';
import { beside } from './report/standings.ts';
import { measureEcho } from './shapes.ts';
import { floor, forwarder } from './subjects/baselines.ts';
import { before, gateway, gatewayOnBun } from './subjects/gateway.ts';
import { hasNchan, nchan } from './subjects/nchan.ts';
import { hasPushpin, pushpin } from './subjects/pushpin.ts';

/**
 * A message of 128 bytes, its hook, the reply in the app's answer, and back to the client. The gateway signs its hooks.
 */
export const echo: Bench = {
  name: 'echo',
  run: (effort) =>
    measureEcho(effort, {
      subjects: [
        gateway(effort.gatewayOptions),
        gatewayOnBun,
        ...before(),
        forwarder,
        floor,
        ...(hasNchan() ? [nchan('own/%n')] : []),
        ...(hasPushpin() && !effort.isQuick ? [pushpin] : []),
      ],
      answersBy: 'reply',
      targetsOf: (shape, standings) => [
        ...beside(shape, standings, ['gateway', 'forwarder'], { rateMin: 0.95 }),
        // One message at a time says how long its way is, and not how much a server can do.
        ...(shape === '1x1'
          ? []
          : [
              ...beside(shape, standings, ['gateway', 'nchan'], { rateMin: 0.8 }),
              ...beside(`${shape} on Bun`, standings, [gatewayOnBun.name, 'nchan'], {
                rateMin: 1,
                cpuMax: 1,
              }),
            ]),
      ],
    }),
};
