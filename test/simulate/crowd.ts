import type { Item } from '../../functions/aws/dynamo/attribute.ts';
import { type SocketId, socketIdFrom } from '../../functions/wire/socket-id.ts';

/** When the sockets of a simulation were accepted, in milliseconds since 1970: long before it begins. */
const acceptedAt = 1_764_000_000_000;

/** Any number of open sockets, which are made when they are asked for, and what each of them got. */
export class Crowd {
  readonly size: number;
  /** How many messages arrived at each. */
  readonly arrived: Uint8Array;
  /** Every how manieth socket has gone without a word; 0 for none. */
  readonly #goneEvery: number;

  constructor(size: number, goneEvery = 0) {
    this.size = size;
    this.#goneEvery = goneEvery;
    this.arrived = new Uint8Array(size);
  }

  /** The id of a socket. */
  at(index: number): SocketId {
    const bytes = Buffer.alloc(11);
    bytes.writeUInt32BE(index, 0);
    return socketIdFrom(bytes);
  }

  indexOf(socket: string): number {
    return Buffer.from(socket.slice(0, 8), 'base64url').readUInt32BE(0);
  }

  isGone(index: number): boolean {
    return this.#goneEvery > 0 && index % this.#goneEvery === this.#goneEvery - 1;
  }

  /** The item of a socket in the table. */
  itemOf(index: number): Item {
    const time = { N: String(acceptedAt) };
    return {
      socket: { S: this.at(index) },
      status: { S: 'open' },
      path: { S: '/' },
      openedAt: time,
      acceptedAt: time,
    };
  }

  /** How many sockets are open, got the message once, and got it more than once. */
  tally(): { readonly open: number; readonly reached: number; readonly duplicates: number } {
    const counts = { open: 0, reached: 0, duplicates: 0 };
    for (let index = 0; index < this.size; index++) {
      const arrived = this.arrived[index] ?? 0;
      if (!this.isGone(index)) counts.open += 1;
      if (arrived > 0) counts.reached += 1;
      if (arrived > 1) counts.duplicates += arrived - 1;
    }
    return counts;
  }
}
