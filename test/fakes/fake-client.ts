import type { HandshakeOutcome } from '../../functions/gateway/relay/connect-request.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import type { FakeWorld } from './fake-gateway.ts';
import type { Fate } from './mortal.ts';

/**
 * A client behind API Gateway. Posts to it get "gone" until `$connect` has returned, and for a while after. If it was
 * accepted, its connection then exists; if it was refused or the handler died, it never does.
 */
export class FakeClient {
  readonly socket: SocketId;
  readonly #world: FakeWorld;
  #thereFrom = Number.POSITIVE_INFINITY;

  constructor(world: FakeWorld, socket: SocketId) {
    this.socket = socket;
    this.#world = world;
    world.connections.missing.add(socket);
    world.connections.script(socket, () => ({
      kind: world.clock.now() >= this.#thereFrom ? 'posted' : 'gone',
    }));
  }

  /** Applies the result of `$connect`. If it accepted the client, the connection exists `lagMs` later. */
  enter(fate: Fate<HandshakeOutcome>, lagMs = 0): boolean {
    if (fate.kind === 'died' || fate.value.kind === 'refused') return false;
    this.#thereFrom = this.#world.clock.now() + lagMs;
    this.#world.connections.missing.delete(this.socket);
    return true;
  }

  /** Everything that arrived, repeats included. */
  get arrived(): string[] {
    return this.#world.connections.of(this.socket);
  }

  /** Everything that arrived, without repeats. */
  get arrivedFirst(): string[] {
    return [...new Set(this.arrived)];
  }
}
