import { DynamoBroadcasts } from '../../functions/aws/dynamo/broadcasts.ts';
import type { BroadcastProgress } from '../../functions/gateway/broadcasts.ts';
import { handOver } from '../../functions/gateway/deliver/hand-over.ts';
import type { Gateway, Policy } from '../../functions/gateway/gateway.ts';
import type { Registry } from '../../functions/gateway/ports.ts';
import { runTask } from '../../functions/gateway/run-task.ts';
import type { Task } from '../../functions/gateway/tasks.ts';
import { broadcastIdOf } from '../../functions/wire/broadcast-id.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import { acceptance } from '../contract/ports/registry-world.ts';
import { RecordingLog } from '../support/recording-log.ts';
import { aRecord } from './a-record.ts';
import { type Actor, DynamoPlay, timePasses } from './dynamo-play.ts';
import { fakeGateway } from './fake-gateway.ts';
import { memoryTables } from './memory-dynamo.ts';
import type { Pass } from './passed-registry.ts';

const id = broadcastIdOf('call');
const user = 'alice';
const leaseMs = 90_000;

/** How often the tasks that are left come again before the broadcast counts as hanging. */
const maxRounds = 8;

/** A message of a queue. It is deleted when one of its runs has succeeded. */
interface Message {
  readonly name: string;
  readonly task: Task;
  isDone: boolean;
}

/** How a play goes. */
export interface Scenario {
  readonly mishaps: number;
  /** The sockets that are open all the time. */
  readonly sockets: readonly SocketId[];
  readonly batchSockets?: number;
  readonly batchesPerCall?: number;
  /** How many runs each message gets at the same time. Without, it waits until all actors have ended. */
  readonly copies?: Partial<Record<'segment' | 'batch' | 'rest', number>>;
  /** Whether the time of a coordinator is over after its first batch. */
  readonly isShort?: boolean;
  /** How many of the first posts are throttled. They are left to another part of their batch. */
  readonly throttled?: number;
  /** How many items a page has in DynamoDB. */
  readonly pageSize?: number;
}

/** A broadcast to the sockets of a user, whose coordinators and workers share the tables in DynamoDB. */
export class BroadcastPlay extends DynamoPlay {
  /** Who got the message, each time. */
  readonly arrived: SocketId[] = [];
  readonly #messages: Message[] = [];
  readonly #scenario: Scenario;
  readonly #base: Gateway;
  readonly #violations: string[] = [];
  #throttled: number;
  #isCancelling = false;

  constructor(scenario: Scenario) {
    super(scenario.mishaps, async () => {}, scenario.pageSize);
    this.#scenario = scenario;
    this.#throttled = scenario.throttled ?? 0;
    const { batchSockets = 2, batchesPerCall = 10 } = scenario;
    const policy: Partial<Policy> = { leaseMs, batchSockets, batchesPerCall, batchRetryMs: 0 };
    this.#base = fakeGateway({ policy }).gateway;
  }

  /** Opens the sockets and hands the broadcast over. Its segment is queued. */
  async handOver(): Promise<void> {
    for (const socket of this.#scenario.sockets) await this.comes(socket, this.registry);
    await handOver(this.gateway(), 'call', { body: 'hello', except: [], user });
  }

  async comes(socket: SocketId, registry: Registry): Promise<void> {
    await registry.put(aRecord({ socket, user }));
    await registry.accept(socket, { ...acceptance, user }, 'open');
  }

  /** Reads the segment, and queues its batches, without an interruption. */
  async coordinate(): Promise<void> {
    for (const message of this.#messages.filter(({ task }) => task.kind === 'segment')) {
      await runTask(this.gateway(), message.task);
      message.isDone = true;
    }
  }

  cancel(): void {
    this.#isCancelling = true;
    this.begin('canceller', (_, actor) => this.gateway(actor).broadcasts.cancel(id));
  }

  /** Asks how far the broadcast is, while it runs. */
  ask(): void {
    this.begin('asker', async (_, actor) => {
      const progress = await this.gateway(actor).broadcasts.progress(id);
      this.#watch('somebody who asks', progress);
      return progress;
    });
  }

  /** Lets a lease end, whatever is in progress. */
  letTimePass(): void {
    this.begin('time', (_, { pass }) =>
      pass(timePasses, async () => this.clock.skipTo(this.clock.now() + leaseMs)),
    );
  }

  /** A gateway whose calls wait if it is an actor's. */
  gateway(actor?: Actor, deadline = Number.POSITIVE_INFINITY): Gateway {
    const pass: Pass = actor?.pass ?? ((_, effect) => effect());
    const access = actor?.access ?? this.direct;
    const clock = { ...quiet(this), sleep: async () => {} };
    return {
      ...this.#base,
      clock,
      log: this.log,
      deadline,
      registry: this.registryOver(access),
      broadcasts: new DynamoBroadcasts(access, memoryTables, clock, new RecordingLog()),
      connections: {
        post: (socket) => pass(`post ${socket}`, async () => this.#post(socket)),
        close: async () => {},
        has: async () => true,
      },
      tasks: {
        enqueue: (task) => pass(`queue ${task.kind}`, async () => this.#queue([task])),
        enqueueBatches: (tasks) => pass(`queue ${tasks.length} batches`, async () => this.#queue(tasks)),
      },
    };
  }

  override async state(): Promise<unknown> {
    this.#watch('the table', await this.gateway().broadcasts.progress(id));
    const messages = this.#messages.map(({ name, isDone }) => [name, isDone]);
    return [await super.state(), messages, [...this.arrived].sort(), this.#throttled];
  }

  override async end(): Promise<void> {
    const before = this.arrived.length;
    await this.#finish();
    const { broadcasts } = this.gateway();
    const progress = await broadcasts.progress(id);
    if (this.outcomes.get('canceller') === true && this.arrived.length > before)
      this.#violations.push('it was posted after it had been cancelled');
    const sockets = this.#scenario.sockets;
    const times = sockets.map((socket) => this.arrived.filter((each) => each === socket).length);
    const isExact = this.isUnharmed && !this.outcomes.has('time');
    if (progress === undefined || progress.status === 'running') this.#violations.push('it hangs');
    if (progress?.status === 'cancelled' && !this.#isCancelling) this.#violations.push('nobody cancelled it');
    if (progress?.status === 'done' && times.some((each) => each < 1))
      this.#violations.push('somebody got nothing');
    const all = new Set(this.arrived).size;
    if (isExact && all < this.arrived.length) this.#violations.push('somebody got it twice');
    const { found = 0, queued = 0 } = progress ?? {};
    // One that came meanwhile may have got it of a worker that died.
    const isCounted = found === all + queued || (!isExact && found === sockets.length + queued);
    if (progress?.status === 'done' && !isCounted) this.#violations.push(`found, of ${all}`);
    if (isExact && progress?.delivered !== all) this.#violations.push(`delivered, of ${all}`);
    // SQS may hand out messages again after success.
    for (const { task } of [...this.#messages]) await runTask(this.gateway(), task);
    const after = await broadcasts.progress(id);
    if (JSON.stringify(after) !== JSON.stringify(progress)) this.#violations.push('done again');
    for (const [actor, outcome] of this.outcomes)
      if (/^fault: (?!Error: Another worker has)/.test(String(outcome)))
        this.#violations.push(`${actor}: ${outcome}`);
    if (this.#violations.length > 0)
      throw new Error(`${this.#violations.join('\n')}\n${JSON.stringify({ progress, times, after })}`);
  }

  /** Runs the messages that are left, as often as the leases of those who died or are busy need. */
  async #finish(): Promise<void> {
    for (let round = 0; round < maxRounds; round++) {
      const left = this.#messages.filter(({ isDone }) => !isDone);
      if (left.length === 0) return;
      this.clock.skipTo(this.clock.now() + leaseMs);
      for (const message of left) {
        try {
          await runTask(this.gateway(), message.task);
          message.isDone = true;
          this.#watch('the table, afterwards,', await this.gateway().broadcasts.progress(id));
        } catch (error) {
          if (!String(error).includes('Another worker has')) throw error;
        }
      }
    }
  }

  #post(socket: SocketId): { readonly kind: 'posted' | 'throttled' } {
    if (this.#throttled > 0) {
      this.#throttled -= 1;
      return { kind: 'throttled' };
    }
    this.arrived.push(socket);
    return { kind: 'posted' };
  }

  #queue(tasks: readonly Task[]): void {
    for (const task of tasks) {
      const place = task.kind === 'batch' ? ` ${task.at} part ${task.part}` : '';
      const before = this.#messages.filter(({ name }) => name.startsWith(`${task.kind}${place}, `)).length;
      const message = { name: `${task.kind}${place}, message ${before + 1}`, task, isDone: false };
      this.#messages.push(message);
      this.#beginRuns(message);
    }
  }

  #beginRuns(message: Message): void {
    const { copies = {}, isShort = false } = this.#scenario;
    const { name, task } = message;
    // What a coordinator leaves to the next is left to the end, else its runs would have no end.
    if (task.kind === 'segment' && this.#messages.length > 1) return;
    const kind = task.kind === 'batch' && task.part > 0 ? 'rest' : task.kind;
    for (
      let copy = 1;
      copy <= (kind === 'segment' || kind === 'batch' || kind === 'rest' ? (copies[kind] ?? 0) : 0);
      copy++
    )
      this.begin(`${name}, run ${copy}`, async (_, actor) => {
        await runTask(this.gateway(actor, isShort ? 0 : undefined), task);
        message.isDone = true;
      });
  }

  /** What may never be told. */
  #watch(who: string, progress: BroadcastProgress | undefined): void {
    const { status, found = 0, delivered = 0, queued = 0, gone = 0, failed = 0 } = progress ?? {};
    const sum = delivered + queued + gone + failed;
    if (sum > found)
      this.#violations.push(`${who} is told more outcomes than sockets: ${JSON.stringify(progress)}`);
    const isMissed = this.#scenario.sockets.some((socket) => !this.arrived.includes(socket));
    if (status === 'done' && (isMissed || sum < found))
      this.#violations.push(`${who} is told too early that it is done: ${JSON.stringify(progress)}`);
  }
}

/** A clock that stands still between the actors' calls, and does not wait. */
function quiet({ clock }: DynamoPlay) {
  return { now: () => clock.now(), monotonic: () => clock.monotonic(), random: () => 0 };
}
