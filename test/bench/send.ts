import type { Bench } from './bench.ts';
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
      min: 0.9,
    }),
};
