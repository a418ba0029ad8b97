/**
 * `$disconnect`, which API Gateway delivers best effort:
 * - $disconnect comes once when a connection ends, and what it returns or throws matters to nobody
 * - the fault dropDisconnect: it never comes
 * - the fault doubleDisconnect: it comes twice
 */
import type { Api } from './api.ts';
import type { ClientFacts } from './client-facts.ts';
import type { Ending } from './endings.ts';
import { disconnectEvent } from './events.ts';

/** Tells the `$disconnect` route that a connection is no more. */
export function deliverDisconnect(api: Api, client: ClientFacts, ending: Ending): void {
  const { faults, invocations, routes } = api;
  if (faults.strikes('dropDisconnect', client.connectionId)) return;
  const times = faults.strikes('doubleDisconnect', client.connectionId) ? 2 : 1;
  const event = disconnectEvent(api, client, ending);
  for (let time = 0; time < times; time++) {
    invocations.begin(async () => {
      await invocations.invoke(routes.$disconnect, event);
    });
  }
}
