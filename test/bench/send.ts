import type { Bench } from './bench.ts';
import { beside } from './report/standings.ts';
import { measureEcho } from './shapes.ts';
import { forwarder } from './subjects/baselines.ts';
import { before, gateway, gatewayOnBun } from './subjects/gateway.ts';

/** A message and its hook, whose handler calls `POST /send` to answer the client. */
export const send: Bench = {
  name: 'send',
  run: (effort) =>
    measureEcho(effort, {
      subjects: [gateway(effort.gatewayOptions), gatewayOnBun, ...before(), forwarder],
      answersBy: 'send',
      targetsOf: (shape, standings) => {
        // With one message at a time, the app's own call takes most of its time.
        const least = { rateMin: shape === '1x1' ? 0.9 : 1.2 };
        return [
          ...beside(shape, standings, ['gateway', 'forwarder'], least),
          ...beside(`${shape} on Bun`, standings, [gatewayOnBun.name, 'forwarder'], least),
        ];
      },
    }),
};
