import type { HandshakeOutcome } from '../../functions/gateway/relay/connect-request.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import type { FakeWorld } from './fake-gateway.ts';
import type { Fate } from './mortal.ts';

/**
 * A client behind API Gateway: said to be gone until its `$connect` has returned, and for a while after; there for
 * good if that let it in, and never if it was refused or nobody answered.
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

  /** What `$connect` came to, and how many milliseconds later the connection is there, if it is to be. */
  enter(fate: Fate<HandshakeOutcome>, lagMs = 0): boolean {
    if (fate.kind === 'died' || fate.value.kind === 'refused') return false;
    this.#thereFrom = this.#world.clock.now() + lagMs;
    this.#world.connections.missing.delete(this.socket);
    return true;
  }

  /** What arrived, and its first arrivals. */
  get arrived(): string[] {
    return this.#world.connections.of(this.socket);
  }

  /** What arrived, less what had come before. */
  get arrivedFirst(): string[] {
    return [...new Set(this.arrived)];
  }
}
