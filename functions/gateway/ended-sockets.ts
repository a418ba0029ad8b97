import type { SocketId } from '../wire/socket-id.ts';
import type { SocketRecord } from './record.ts';

/**
 * The records of sockets whose closed hooks are done, for messages that are handled only after that. Each is kept for
 * longer than a message can wait.
 */
export interface EndedSockets {
  /** Keeps a record that is `closing`. Throws if it can't be kept. */
  keep(record: SocketRecord): Promise<void>;
  get(socket: SocketId): Promise<SocketRecord | undefined>;
}
