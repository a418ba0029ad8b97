import type { Gateway } from './gateway.ts';
import type { Hook } from './hook.ts';

/**
 * Everything that the demo does: greets each client, and sends each message back to its sender and then to everybody.
 * Rejects with a `GatewayError` if a call to the gateway fails. If the gateway then repeats the hook, its message may
 * be sent back twice.
 */
export async function answerHook(hook: Hook, gateway: Gateway): Promise<void> {
  switch (hook.event) {
    case 'handshake':
      // The client is not in yet. The gateway keeps the greeting until it is.
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
