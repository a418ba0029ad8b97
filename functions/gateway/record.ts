import type { GroupChange, GroupName } from '../wire/group.ts';
import type { ClientPath } from '../wire/path.ts';
import type { SocketId } from '../wire/socket-id.ts';

/**
 * The status of a socket.
 *
 *     opening ──accepted, no outbox──▶ open ──▶ closing ──▶ (gone)
 *        └─────accepted, outbox──▶ accepted ──flushed──▶ open
 */
export type SocketStatus = 'opening' | 'accepted' | 'open' | 'closing';

/** The record of a socket, kept until its closed hook is done. Times are in milliseconds since 1970. */
export interface SocketRecord {
  readonly socket: SocketId;
  readonly status: SocketStatus;
  readonly path: ClientPath;
  readonly query: string;
  readonly user: string;
  readonly state: string;
  readonly origin: string;
  /** The groups that it is in, or was in when it ended. */
  readonly groups: readonly GroupName[];
  /** How often its groups have changed. */
  readonly groupsVersion: number;
  readonly openedAt: number;
  /** 0 until the handshake was accepted. */
  readonly acceptedAt: number;
  /** Until when a worker holds the lease, or nobody may take it; 0 if it is free. */
  readonly leaseUntil: number;
  /** How often it has been leased in its current status. */
  readonly attempts: number;
  /** How the socket ended. Present once the status is `closing`. */
  readonly end?: SocketEnd;
}

/** The part of a record that a message to its socket needs. */
export type Recipient = Pick<SocketRecord, 'socket' | 'status' | 'acceptedAt'>;

/** How and when a socket ended. */
export interface SocketEnd {
  readonly code: number;
  readonly reason: string;
  readonly time: number;
}

/** The fields that accepting a handshake adds to a record. */
export interface Acceptance {
  readonly user: string;
  readonly state: string;
  readonly acceptedAt: number;
  /** The groups of its ticket and of the app's answer. Those that it joined while it was opening stay. */
  readonly groups: GroupChange;
}
