import type { Gateway } from '../../../functions/gateway/gateway.ts';
import type { AppRequest, Clock } from '../../../functions/gateway/ports.ts';
import type { Presences } from '../../../functions/gateway/presences.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import { sweep } from '../../../functions/gateway/sweep/sweep.ts';
import type { Task } from '../../../functions/gateway/tasks.ts';
import { MemoryPresences } from '../../../functions/local/memory-presences.ts';
import { MemoryRegistry } from '../../../functions/local/memory-registry.ts';
import { StoredDeadLetters } from '../../../functions/local/stored-dead-letters.ts';
import type { AppResponse } from '../../../functions/wire/answer.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { acting, answered } from '../../fakes/fake-app.ts';
import { fakeGateway, type Given } from '../../fakes/fake-gateway.ts';
import { PromptStore } from '../../fakes/prompt-store.ts';
import { PresenceLedger, presentIn } from './ledger.ts';
import type { Stage } from './stage.ts';

/** How the app behaves. `lost`: it accepts, and its answer does not come. `slow`: it answers after seconds. */
export type AppMood = 'up' | 'down' | 'broken' | 'refusing' | 'slow' | 'lost';

/** How a queue hands out its tasks. */
export interface Delivery {
  /** How often it hands out each task. */
  readonly copies: number;
  /** How much later than asked at most, in milliseconds. */
  readonly lateMs: number;
  /** Whether it keeps one task of presence for each subject in a group, the earliest, as on one machine. */
  readonly isOnce: boolean;
}

/**
 * How many tasks are handed out more than once. A task may leave another one that follows it, so if all came twice, there
 * would be no end to them.
 */
const mostCopied = 30;

/** After how many milliseconds a task comes again whose run has died or failed. */
const againMs = 95_000;

/** A gateway on a stage, with an app, a queue and clients. */
export class PresenceWorld {
  readonly stage: Stage;
  readonly gateway: Gateway;
  readonly registry: MemoryRegistry;
  readonly ledger = new PresenceLedger();
  readonly delivery: Delivery;
  mood: AppMood = 'up';
  /** The sockets that were ever asked for, and those whose client is there. */
  readonly sockets: SocketId[] = [];
  readonly connected = new Set<SocketId>();
  /** What the app answers to hooks, by the ids of the hooks. */
  readonly answers = new Map<string, object>();
  /** Faults that no death explains. */
  readonly faults: string[] = [];
  #tasks = 0;
  #copied = 0;
  #isSweeping = false;
  readonly #once = new Map<string, { readonly dueAt: number; isReplaced: boolean }>();

  constructor(stage: Stage, delivery: Delivery, given: Pick<Given, 'settings' | 'policy'>) {
    this.stage = stage;
    this.delivery = delivery;
    const { clock } = stage;
    this.registry = new MemoryRegistry(clock);
    const { gateway, connections, log } = fakeGateway({ ...given, registry: () => this.registry });
    const real: Clock = { ...clock, now: () => stage.now };
    this.gateway = {
      ...gateway,
      clock,
      deadLetters: new StoredDeadLetters(new PromptStore(), real),
      presences: this.#watched(new MemoryPresences(new PromptStore(), clock, log)),
      connections: {
        post: (socket, body) => connections.post(socket, body),
        has: async (socket) => this.connected.has(socket),
        close: async (socket) => this.#closed(socket),
      },
      app: { post: (request) => this.#post(request) },
      tasks: {
        enqueue: async (task, delayMs = 0) => this.#enqueue(task, delayMs),
        enqueueBatches: async (tasks) => {
          throw new Error(`${tasks.length} batches of a broadcast were not expected.`);
        },
      },
    };
    stage.onEffect = () => this.ledger.observe(this.registry, this.sockets, stage.now);
  }

  /** Begins a run that nobody starts again if it dies. */
  async begin(name: string, flow: (gateway: Gateway) => Promise<unknown>): Promise<boolean> {
    const end = await this.stage.begin(name, this.gateway, flow);
    this.#note(name, end);
    return end === 'done';
  }

  /** Whether everything is done that somebody will do. */
  get isOver(): boolean {
    return this.#tasks === 0 && this.stage.runs === 0 && !this.needsSweep;
  }

  /** Whether a sweep has something to find. */
  get needsSweep(): boolean {
    return this.sockets.some((socket) => {
      const record = this.registry.get(socket);
      return record !== undefined && (record.status !== 'open' || !this.connected.has(socket));
    });
  }

  /** Sweeps once a minute, until all is over. */
  sweepOn(): void {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    this.stage.later(60_000, () => {
      this.#isSweeping = false;
      const { clock } = this.stage;
      void this.begin('sweep', (gateway) => sweep(gateway, Math.floor(clock.now() / 60_000)));
      if (this.needsSweep || this.#tasks > 0) this.sweepOn();
    });
  }

  /** The subjects in groups that are there. */
  present() {
    return presentIn(this.registry, this.sockets);
  }

  #watched(presences: MemoryPresences): Presences {
    const noting: Presences['depart'] = (key, departure) => {
      this.ledger.depart(key, this.stage.now);
      return presences.depart(key, departure);
    };
    return {
      lease: (key, forMs) => presences.lease(key, forMs),
      set: (key, token, state) => presences.set(key, token, state),
      requestRecheck: (key, waited) => presences.requestRecheck(key, waited),
      releaseOrRecheck: (key, token) => presences.releaseOrRecheck(key, token),
      release: (key, token, postponeMs) => presences.release(key, token, postponeMs),
      depart: noting,
      departure: (key) => presences.departure(key),
    };
  }

  #closed(socket: SocketId): void {
    this.connected.delete(socket);
  }

  #note(name: string, end: string): void {
    if (end === 'died') this.ledger.isExcused = true;
    if (end === 'failed') this.faults.push(name);
  }

  #enqueue(task: Task, delayMs: number): void {
    const { stage, delivery } = this;
    const dueAt = stage.now + delayMs;
    if (delivery.isOnce && task.kind === 'presence') {
      this.#enqueueOnce(task, dueAt);
      return;
    }
    this.#copied += 1;
    const copies = this.#copied > mostCopied ? 1 : delivery.copies;
    for (let copy = 0; copy < copies; copy++) this.#deliver(task, delayMs + stage.int(delivery.lateMs + 1));
  }

  #enqueueOnce(task: Extract<Task, { kind: 'presence' }>, dueAt: number): void {
    const name = `${task.group} ${task.subject} ${task.after}`;
    const before = this.#once.get(name);
    if (before !== undefined && before.dueAt <= dueAt) return;
    if (before !== undefined) {
      before.isReplaced = true;
      this.#tasks -= 1;
    }
    const waiting = { dueAt, isReplaced: false };
    this.#once.set(name, waiting);
    this.#tasks += 1;
    this.stage.later(dueAt - this.stage.now, () => {
      if (waiting.isReplaced) return;
      this.#once.delete(name);
      void this.#run(task);
    });
  }

  #deliver(task: Task, delayMs: number): void {
    this.#tasks += 1;
    this.stage.later(delayMs, () => void this.#run(task));
  }

  async #run(task: Task): Promise<void> {
    const name = task.kind === 'presence' ? `presence ${task.group} ${task.subject}` : task.kind;
    const end = await this.stage.begin(name, this.gateway, (gateway) => runTask(gateway, task));
    this.#note(name, end);
    // The queue hands it out again before it is counted as done.
    if (end !== 'done') this.#deliver(task, againMs);
    this.#tasks -= 1;
  }

  async #post(request: AppRequest): Promise<AppResponse> {
    const { stage, mood, ledger } = this;
    const fields = Object.fromEntries(new URLSearchParams(request.body));
    const id = request.headers['webhook-id'] ?? '';
    const isPresence = fields['group'] !== undefined;
    const hear = (isFinal: boolean): void => {
      if (isPresence) ledger.hear(fields, id, stage.now, isFinal);
    };
    const accepted = (): AppResponse => {
      hear(true);
      const answer = this.answers.get(id);
      return answer === undefined ? answered(204) : acting(answer);
    };
    switch (mood) {
      case 'down':
        return { kind: 'unreachable', why: 'down' };
      case 'broken':
        hear(false);
        return answered(500);
      case 'refusing':
        hear(true);
        return answered(403);
      case 'slow': {
        const answer = accepted();
        await stage.wait(1_000 + stage.int(5_000));
        return answer;
      }
      case 'lost':
        ledger.isExcused = true;
        hear(true);
        await stage.wait(request.timeoutMs);
        return { kind: 'timeout' };
      case 'up':
        return accepted();
    }
  }
}
