import type { Actions } from '../../../functions/wire/actions.ts';
import type { GroupName } from '../../../functions/wire/group.ts';
import { type Hook, type HookEvent, hookId } from '../../../functions/wire/hook.ts';
import type { ClientPath } from '../../../functions/wire/path.ts';
import { type SocketId, socketIdFrom } from '../../../functions/wire/socket-id.ts';

/** Where the client of a check connects, and as whom. */
export interface Arrival {
  readonly path: ClientPath;
  readonly query: string;
  /** Empty for nobody in particular. */
  readonly user: string;
}

/** Random bytes, as many as asked for. */
export type RandomBytes = (size: number) => Uint8Array;

/** A client that does not exist: it is known by its hooks alone, which tell what the app has stored with its socket. */
export class Visitor {
  readonly #socket: SocketId;
  readonly #arrival: Arrival;
  readonly #random: RandomBytes;
  #user: string;
  #state = '';
  #groups: readonly GroupName[] = [];

  constructor(arrival: Arrival, random: RandomBytes) {
    this.#arrival = arrival;
    this.#random = random;
    this.#user = arrival.user;
    this.#socket = socketIdFrom(random(11));
  }

  /** A hook about it, with an id that no other hook has. `now` is in milliseconds since 1970. */
  hook(event: HookEvent, now: number, body = ''): Hook {
    const isClosed = event === 'closed';
    return {
      event,
      id: hookId(event, event === 'message' ? socketIdFrom(this.#random(11)) : this.#socket),
      socket: this.#socket,
      body,
      path: this.#arrival.path,
      query: this.#arrival.query,
      user: this.#user,
      state: this.#state,
      origin: '',
      groups: this.#groups,
      // RFC 6455 section 7.4.1: the client went away as it should.
      code: isClosed ? '1000' : '',
      reason: isClosed ? 'The check is done.' : '',
      time: now,
      clientHeaders: event === 'handshake' ? { 'User-Agent': 'sockethook check' } : {},
    };
  }

  /** Remembers what the app stored with the socket, as a gateway does. All else in the answer is not done. */
  take({ user, state, join, leave }: Actions): void {
    this.#user = user ?? this.#user;
    this.#state = state ?? this.#state;
    const kept = new Set([...this.#groups, ...join]);
    for (const group of leave) kept.delete(group);
    this.#groups = [...kept];
  }
}
