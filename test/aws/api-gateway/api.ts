import type { Connection } from './connection.ts';
import type { ConnectEvent, DisconnectEvent, MessageEvent } from './events.ts';
import type { Faults } from './faults.ts';
import type { Invocations } from './invocations.ts';
import type { Limits } from './limits.ts';

/**
 * The Lambda invocation of each route; a rejected promise is a Lambda error. Without `$connect` everybody is let in,
 * without `$default` a message is answered with "Forbidden". A message reaches another route than `$default` only by
 * the fault `systemRoutes`.
 */
export interface Routes {
  $connect?(event: ConnectEvent | MessageEvent): Promise<unknown>;
  $default?(event: MessageEvent): Promise<unknown>;
  $disconnect?(event: DisconnectEvent | MessageEvent): Promise<unknown>;
}

/** An integration of type `AWS`, which hands what its template makes of a message to another service. */
export interface QueuedMessages {
  readonly template: string;
  /** Throws if the service does not take it. */
  take(payload: string): void;
}

/** One deployed API, as its parts see it. */
export interface Api {
  readonly stage: string;
  readonly apiId: string;
  readonly domainName: string;
  readonly routes: Routes;
  /** Whether `$default` has a route response. */
  readonly returnResponse: boolean;
  /** The integration that hands messages over instead of invoking `$default`. */
  readonly queued: QueuedMessages | undefined;
  /** Milliseconds by which the next message's invocation is put off. */
  readonly jitter: () => number;
  readonly limits: Limits;
  readonly faults: Faults;
  readonly invocations: Invocations;
  /** The connections that are open, by their ids. */
  readonly connections: Map<string, Connection>;
}
