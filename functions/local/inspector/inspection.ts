import type { Clock } from '../../gateway/ports.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { MemoryRegistry } from '../memory-registry.ts';
import { HookLog, type KeptHook, keptLimits } from './hook-log.ts';
import { PostedHooks } from './posted-hooks.ts';
import { type EndedSocket, ShownSockets, shownSocket } from './shown-sockets.ts';

/** What the page is told of the gateway itself. */
export interface GatewayFacts {
  readonly webSocketUrl: string;
  readonly apiUrl: string;
  readonly webhookBaseUrl: string;
  readonly version: string;
  /** In milliseconds since 1970. */
  readonly startedAt: number;
}

/** The most sockets and hooks that end within one interval of the page's changes, before it gets everything anew. */
const maxGone = 2_000;

/** What an inspector sees of a gateway, and what of it has changed since the page was told last. */
export class Inspection {
  readonly hooks: HookLog;
  readonly posted: PostedHooks;
  readonly sockets: ShownSockets;
  /** Called when something has changed. Undefined while nobody looks on, and then no change is noted. */
  onChange: (() => void) | undefined;
  readonly #hooks = new Set<KeptHook>();
  #dropped: number[] = [];
  readonly #sockets = new Set<SocketId>();
  #ended: EndedSocket[] = [];
  #isTooMuch = false;

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.hooks = new HookLog({
      changed: (hook) => this.#note(this.#hooks, hook),
      dropped: (hook) => {
        this.#hooks.delete(hook);
        this.#gone(this.#dropped, hook.shown.number);
      },
    });
    this.posted = new PostedHooks(this.hooks, clock);
    this.sockets = new ShownSockets({
      changed: (socket) => this.#note(this.#sockets, socket),
      ended: (ended) => {
        this.#sockets.delete(ended.socket);
        this.#gone(this.#ended, ended);
      },
    });
  }

  /** Everything that the page shows. */
  snapshot(gateway: GatewayFacts, registry: MemoryRegistry): unknown {
    const { hooks, bytes } = keptLimits;
    return {
      gateway,
      kept: { hooks, bytes },
      sockets: shownSockets(this.sockets.all(), registry),
      moreSockets: this.sockets.more(registry),
      hooks: Array.from(this.hooks.all(), ({ shown }) => shown),
      skipped: this.posted.skipped,
    };
  }

  /** What has changed since the last call; undefined if that is too much to tell, and a snapshot says it better. */
  takeChanges(registry: MemoryRegistry): unknown {
    const changes = {
      sockets: shownSockets(this.#sockets, registry),
      ended: this.#ended,
      moreSockets: this.sockets.more(registry),
      hooks: Array.from(this.#hooks, ({ shown }) => shown),
      dropped: this.#dropped,
      skipped: this.posted.skipped,
    };
    const isTooMuch = this.#isTooMuch;
    this.forgetChanges();
    return isTooMuch ? undefined : changes;
  }

  forgetChanges(): void {
    this.#hooks.clear();
    this.#sockets.clear();
    this.#dropped = [];
    this.#ended = [];
    this.#isTooMuch = false;
  }

  #note<Noted>(noted: Set<Noted>, one: Noted): void {
    if (this.onChange === undefined) return;
    noted.add(one);
    this.onChange();
  }

  #gone<Gone>(list: Gone[], one: Gone): void {
    if (this.onChange === undefined) return;
    if (list.length < maxGone) list.push(one);
    else this.#isTooMuch = true;
    this.onChange();
  }
}

function shownSockets(sockets: Iterable<SocketId>, registry: MemoryRegistry): unknown[] {
  return Array.from(sockets, (socket) => registry.get(socket)).flatMap((record) =>
    record === undefined ? [] : [shownSocket(record)],
  );
}
