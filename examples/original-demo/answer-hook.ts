import type { Gateway } from './gateway.ts';
import type { Hook } from './hook.ts';

/**
 * What the demo does, all of it: greets whoever comes in, sends each message back to its sender and then to
 * everybody. Rejects with a `GatewayError` if the gateway does not do its part; a message whose hook the gateway
 * then repeats may be sent back twice.
 */
export async function answerHook(hook: Hook, gateway: Gateway): Promise<void> {
  switch (hook.event) {
    case 'handshake':
      // The client is not in yet; the gateway keeps the greeting until it is.
      await gateway.send(hook.from, 'Received handshake.');
      return;
    case 'message':
      await gateway.send(hook.from, hook.body);
      await gateway.broadcast(`BROADCAST:${hook.body}`);
      return;
    case 'closed':
      return;
  }
}
