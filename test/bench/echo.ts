import type { Bench } from './bench.ts';
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
      min: 0.95,
    }),
};
