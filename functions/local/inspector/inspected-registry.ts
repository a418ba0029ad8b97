import type { Clock } from '../../gateway/ports.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { RecordListener } from '../kept-records.ts';
import { MemoryRegistry } from '../memory-registry.ts';
import type { ShownSockets } from './shown-sockets.ts';

/** A registry that tells the inspector of its sockets. */
export class InspectedRegistry extends MemoryRegistry {
  readonly #sockets: ShownSockets;

  constructor(
    clock: Pick<Clock, 'now' | 'monotonic'>,
    listener: RecordListener | undefined,
    sockets: ShownSockets,
  ) {
    super(clock, listener);
    this.#sockets = sockets;
  }

  override put(...[record]: Parameters<MemoryRegistry['put']>): Promise<boolean> {
    const { size } = this;
    const isNew = super.put(record);
    if (this.size > size) this.#sockets.added(record.socket);
    return isNew;
  }

  override restore(...[kept]: Parameters<MemoryRegistry['restore']>): void {
    super.restore(kept);
    this.#sockets.added(kept.record.socket);
  }

  override accept(...args: Parameters<MemoryRegistry['accept']>): ReturnType<MemoryRegistry['accept']> {
    const outcome = super.accept(...args);
    this.#sockets.changed(args[0]);
    return outcome;
  }

  override changeGroups(
    ...args: Parameters<MemoryRegistry['changeGroups']>
  ): ReturnType<MemoryRegistry['changeGroups']> {
    const outcome = super.changeGroups(...args);
    this.#sockets.changed(args[0]);
    return outcome;
  }

  override markEnded(
    ...args: Parameters<MemoryRegistry['markEnded']>
  ): ReturnType<MemoryRegistry['markEnded']> {
    const ended = super.markEnded(...args);
    this.#sockets.changed(args[0]);
    return ended;
  }

  override flushed(...args: Parameters<MemoryRegistry['flushed']>): ReturnType<MemoryRegistry['flushed']> {
    const outcome = super.flushed(...args);
    this.#sockets.changed(args[0]);
    return outcome;
  }

  override async remove(socket: SocketId): Promise<void> {
    const record = this.get(socket);
    await super.remove(socket);
    if (record !== undefined) this.#sockets.removed(record);
  }
}
