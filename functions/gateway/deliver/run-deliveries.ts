import { backoff } from '../../wire/backoff.ts';
import type { Send } from '../../wire/deliveries.ts';
import { closeSocket } from '../end/close-socket.ts';
import type { Gateway } from '../gateway.ts';
import { matches } from '../socket-filter.ts';
import type { DeliveriesTask, TaskBroadcast } from '../tasks.ts';
import { audienceOf, outOfTime } from './audience.ts';
import { beginAll, broadcastWith, type Stop } from './broadcast.ts';
import { Dispatcher, type Message } from './dispatcher.ts';
import { handOver } from './hand-over.ts';
import type { Outcome } from './outcome.ts';
import { sendWith } from './send.ts';

/** How long a run retries deliveries before it queues them as a new task, in milliseconds. */
const retryForMs = 3_000;

/** How many runs in a row may make no progress. With the pauses between them that is about 50 minutes. */
const maxStuckRuns = 10;

/** The pause before the rest of a broadcast that has made progress, in milliseconds. */
const onwardMs = 1_000;

/**
 * The pauses before the rest of any other task, by its runs without progress, in milliseconds. The first is for a run
 * that made progress, so the pause after the first stuck run is 10 s.
 */
const pausesMs = { first: 5_000, longest: 900_000 };

/** The rest of a task, and why it stopped if sockets could not be looked up or posted to. */
interface Rest {
  readonly send: readonly Send[];
  readonly broadcast: readonly TaskBroadcast[];
  readonly why?: string;
}

/**
 * Runs the actions that can be deferred: sends, broadcasts, and then the close of the hook's own socket. The part that
 * can't be done in this run is queued as a new task before this one ends, so that nothing is done twice. Rejects if it
 * made no progress because sockets could not be looked up or posted to: then the whole task is left.
 */
export async function runDeliveries(gateway: Gateway, task: DeliveriesTask): Promise<void> {
  const run = new Run(gateway, task);
  const rest = await run.deliver();
  const isEmpty = rest.send.length + rest.broadcast.length === 0;
  if (rest.why !== undefined && !run.hasSettled) throw new Error(rest.why);
  if (rest.why !== undefined) gateway.log.error('fault', { request: task.hook, why: rest.why });
  const isClosing = task.close && run.isFreeToClose(rest);
  const left = { ...task, ...rest, close: task.close && !isClosing };
  const isGivenUp = (!isEmpty || left.close) && !(await requeueRest(gateway, left, run.hasSettled));
  if (!isClosing && !(task.close && isGivenUp)) return;
  if (await run.close()) return;
  await requeueRest(gateway, { ...task, send: [], broadcast: [] }, run.hasSettled || isGivenUp);
}

/**
 * Queues the rest, after a pause. Gives up, and logs it, after too many runs without progress. Returns whether it is
 * queued.
 */
async function requeueRest(
  { tasks, log }: Gateway,
  { kind, socket, hook, send, broadcast, close, stuckRuns: before = 0 }: DeliveriesTask,
  hasGotOn: boolean,
): Promise<boolean> {
  const stuckRuns = hasGotOn ? 0 : before + 1;
  if (stuckRuns >= maxStuckRuns) {
    const sockets = send.reduce((sum, one) => sum + one.sockets.length, 0);
    const action = send.length > 0 ? 'send' : broadcast.length > 0 ? 'broadcast' : 'close';
    log.error('action_failed', { request: hook, action, code: 'given_up', sockets });
    return false;
  }
  const pause = hasGotOn && broadcast.length > 0 ? onwardMs : backoff(stuckRuns + 1, pausesMs);
  const rest: DeliveriesTask = { kind, socket, hook, send, broadcast, close, stuckRuns };
  await tasks.enqueue(rest, pause);
  return true;
}

/** One run of a task. */
class Run {
  /** Whether any socket has its outcome. */
  hasSettled = false;
  readonly #gateway: Gateway;
  readonly #task: DeliveriesTask;
  readonly #dispatcher: Dispatcher;
  /** In the order in which they were begun. */
  readonly #messages: Message[] = [];
  /** The failures that are logged already, by action and code. */
  readonly #logged = new Set<string>();

  constructor(gateway: Gateway, task: DeliveriesTask) {
    this.#gateway = gateway;
    this.#task = task;
    this.#dispatcher = new Dispatcher(gateway);
  }

  /** Does as much as there is time for, and returns the rest. */
  async deliver(): Promise<Rest> {
    const rest = await this.#deliverAll();
    await this.#dispatcher.retry(retryForMs);
    const aside = this.#dispatcher.left(this.#messages);
    const again = aside.map(([{ body }, sockets]): Send => ({ sockets, malformed: [], body }));
    const failure = this.#dispatcher.hasFailures
      ? { why: 'Sockets could not be looked up, or posted to.' }
      : {};
    return { ...failure, ...rest, send: [...again, ...rest.send] };
  }

  /** Whether there is time, and nothing in the rest may be for the hook's own socket, which is closed last. */
  isFreeToClose({ send, broadcast }: Rest): boolean {
    const { socket } = this.#task;
    return (
      !this.#dispatcher.isOver &&
      broadcast.length === 0 &&
      !send.some(({ sockets }) => sockets.includes(socket))
    );
  }

  /** Closes the hook's own socket. False after a fault, which may pass. */
  async close(): Promise<boolean> {
    try {
      await closeSocket(this.#gateway, this.#task.socket);
      return true;
    } catch (error) {
      this.#gateway.log.error('fault', { request: this.#task.hook, why: String(error) });
      return false;
    }
  }

  async #deliverAll(): Promise<Rest> {
    const { send, broadcast } = this.#task;
    for (const [at, one] of send.entries()) {
      const left = await sendWith(this.#dispatcher, this.#message('send', at, one.body), one.sockets);
      if (left.length > 0) return { send: [{ ...one, sockets: left }, ...send.slice(at + 1)], broadcast };
    }
    for (const [at, one] of broadcast.entries()) {
      const message = this.#message('broadcast', at, one.body);
      const stop = await this.#broadcast(message, one, at);
      if (stop === undefined) continue;
      const { sockets, rest: onward, why } = stop;
      const passed = sockets.length === 0 ? [] : [{ sockets, malformed: [], body: one.body }];
      const rest = { send: passed, broadcast: [...onward, ...broadcast.slice(at + 1)] };
      return this.#dispatcher.isOver ? rest : { ...rest, why };
    }
    return { send: [], broadcast: [] };
  }

  /** Returns where the broadcast stopped, if it did. A large one is handed over. */
  async #broadcast(message: Message, one: TaskBroadcast, at: number): Promise<Stop | undefined> {
    // The rest of a broadcast, or one that an older version queued.
    if (one.from !== undefined || one.at === undefined)
      return broadcastWith(this.#gateway, this.#dispatcher, message, one);
    const audience = await audienceOf(this.#gateway, this.#dispatcher, one);
    if (audience === 'large') return this.#handOver(message, one, at, `${this.#task.hook}#${one.at}`);
    const { records, missing } = audience;
    const begun = await beginAll(this.#dispatcher, message, records);
    await this.#dispatcher.settled();
    const sockets = records.slice(begun).map(({ socket }) => socket);
    if (missing !== undefined) return { sockets, rest: [{ ...one, from: missing.from }], why: missing.why };
    return sockets.length === 0 ? undefined : { sockets, rest: [], why: outOfTime };
  }

  /** A socket that is closed after the broadcast gets it now. Returns a stop if that, or the hand-over, is not possible. */
  async #handOver(
    message: Message,
    one: TaskBroadcast,
    at: number,
    source: string,
  ): Promise<Stop | undefined> {
    const { socket, close } = this.#task;
    let left = one;
    try {
      if (close && !one.except.includes(socket)) {
        const record = await this.#gateway.registry.get(socket);
        const own = record !== undefined && matches(one)(record) ? [socket] : [];
        const unsent = await sendWith(this.#dispatcher, message, own);
        if (unsent.length > 0) return { sockets: [], rest: [one], why: outOfTime };
        left = { ...one, except: [...one.except, socket] };
      }
      if ((await handOver(this.#gateway, source, left)) === 'full')
        this.#fail('broadcast', at, 'too_many_broadcasts');
    } catch (error) {
      // Only this broadcast is done again: what came before it has its outcomes.
      return { sockets: [], rest: [left], why: String(error) };
    }
    this.hasSettled = true;
    return undefined;
  }

  #message(action: 'send' | 'broadcast', at: number, body: string): Message {
    const settle = (outcome: Outcome): void => {
      this.hasSettled = true;
      if (outcome !== 'delivered' && outcome !== 'queued' && outcome !== 'gone')
        this.#fail(action, at, outcome);
    };
    const message = { body, settle };
    this.#messages.push(message);
    return message;
  }

  /** An action's failures of one kind are one line. */
  #fail(action: string, at: number, code: string): void {
    const key = `${action} ${at} ${code}`;
    if (this.#logged.has(key)) return;
    this.#logged.add(key);
    this.#gateway.log.warn('action_failed', { request: this.#task.hook, action, code });
  }
}
