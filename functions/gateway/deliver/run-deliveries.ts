import type { Send } from '../../wire/deliveries.ts';
import { closeSocket } from '../end/close-socket.ts';
import type { Gateway } from '../gateway.ts';
import type { DeliveriesTask, TaskBroadcast } from '../ports.ts';
import { broadcastBy } from './broadcast.ts';
import { Dispatcher, type Message } from './dispatcher.ts';
import type { Outcome } from './outcome.ts';
import { sendBy } from './send.ts';

/** How long what can't be brought is tried again before it becomes a task of its own, in milliseconds. */
const retryForMs = 3_000;

/** How often in a row a task may get nowhere. With the pauses between them that is three quarters of an hour. */
const maxTries = 10;

/** The pause before what is left is done, in milliseconds: of a task that got on, and the first of one that did not. */
const pauseMs = { onward: 1_000, stuck: 5_000, max: 900_000 };

/** What is left of a task, and why it stopped if sockets could not be looked up or posted to. */
interface Rest {
  readonly send: readonly Send[];
  readonly broadcast: readonly TaskBroadcast[];
  readonly why?: string;
}

/**
 * Does the part of the actions that could wait: what reaches other sockets, and the end of the hook's own. What is left
 * when the run is over, or can't be brought for now, is queued anew before this one is done with, so that nothing is
 * done twice. Rejects if it got nowhere since sockets could not be looked up or posted to: then it is all left.
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

/** Queues what is left, after a pause; given up, and logged, when it has got nowhere for long. Whether it is queued. */
async function requeueRest(
  { tasks, log }: Gateway,
  { kind, socket, hook, send, broadcast, close, tries = 0 }: DeliveriesTask,
  hasGotOn: boolean,
): Promise<boolean> {
  const tried = hasGotOn ? 0 : tries + 1;
  if (tried >= maxTries) {
    const sockets = send.reduce((sum, one) => sum + one.sockets.length, 0);
    const action = send.length > 0 ? 'send' : broadcast.length > 0 ? 'broadcast' : 'close';
    log.error('action_failed', { request: hook, action, code: 'given_up', sockets });
    return false;
  }
  const pause = hasGotOn && broadcast.length > 0 ? pauseMs.onward : pauseMs.stuck * 2 ** tried;
  const rest: DeliveriesTask = { kind, socket, hook, send, broadcast, close, tries: tried };
  await tasks.enqueue(rest, Math.min(pauseMs.max, pause));
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
  /** What has been logged of each action. */
  readonly #logged = new Set<string>();

  constructor(gateway: Gateway, task: DeliveriesTask) {
    this.#gateway = gateway;
    this.#task = task;
    this.#dispatcher = new Dispatcher(gateway);
  }

  /** Does what there is time for; the rest of it. */
  async deliver(): Promise<Rest> {
    const rest = await this.#deliverAll();
    await this.#dispatcher.retry(retryForMs);
    const aside = this.#dispatcher.left(this.#messages);
    const again = aside.map(([{ body }, sockets]): Send => ({ sockets, malformed: [], body }));
    const failure = this.#dispatcher.hasFailedLookups
      ? { why: 'Sockets could not be looked up, or posted to.' }
      : {};
    return { ...failure, ...rest, send: [...again, ...rest.send] };
  }

  /** Whether there is time, and nothing that is left may be for the hook's own socket, which is closed after all of it. */
  isFreeToClose({ send, broadcast }: Rest): boolean {
    const { socket } = this.#task;
    return (
      !this.#dispatcher.isOver &&
      broadcast.length === 0 &&
      !send.some(({ sockets }) => sockets.includes(socket))
    );
  }

  /** Whether the hook's own socket has ended; a fault may pass. */
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
      const left = await sendBy(this.#dispatcher, this.#message('send', at, one.body), one.sockets);
      if (left.length > 0) return { send: [{ ...one, sockets: left }, ...send.slice(at + 1)], broadcast };
    }
    for (const [at, one] of broadcast.entries()) {
      const message = this.#message('broadcast', at, one.body);
      const stop = await broadcastBy(this.#gateway, this.#dispatcher, message, one);
      if (stop === undefined) continue;
      const { sockets, from, why } = stop;
      const passed = sockets.length === 0 ? [] : [{ sockets, malformed: [], body: one.body }];
      const rest = { send: passed, broadcast: [{ ...one, from }, ...broadcast.slice(at + 1)] };
      return this.#dispatcher.isOver ? rest : { ...rest, why };
    }
    return { send: [], broadcast: [] };
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
