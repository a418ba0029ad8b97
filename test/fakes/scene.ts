import { deliver } from '../../functions/gateway/deliver/deliver.ts';
import type { Outcome } from '../../functions/gateway/deliver/outcome.ts';
import type { Gateway } from '../../functions/gateway/gateway.ts';
import type { SocketRecord } from '../../functions/gateway/record.ts';
import type { ConnectRequest, HandshakeOutcome } from '../../functions/gateway/relay/connect-request.ts';
import { disconnect, disconnectInOrder } from '../../functions/gateway/relay/disconnect.ts';
import { handshake } from '../../functions/gateway/relay/handshake.ts';
import { runTask } from '../../functions/gateway/run-task.ts';
import type { AppResponse } from '../../functions/wire/answer.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import { deployedWorld } from './deployed-world.ts';
import type { Play } from './every-schedule.ts';
import type { FakeWorld, Given } from './fake-gateway.ts';
import { passedGateway } from './passed-gateway.ts';
import { sweepMinutes, work } from './sweep-minutes.ts';
import { quiet, Turnstile } from './turnstile.ts';

/** A message that was sent, its outcome, and the messages that already had their outcome when it was sent. */
export interface Sent {
  readonly body: string;
  readonly after: readonly string[];
  outcome?: Outcome;
}

/**
 * Actors that work on one socket. Every call that they make waits at a turnstile. A queued task becomes an actor at
 * once. A task queued with a delay runs after all others are done.
 */
export class Scene implements Play {
  readonly world: FakeWorld;
  readonly socket: SocketId;
  /** The messages that were sent, in the order in which their sends began. */
  readonly sent: Sent[] = [];
  /** Errors that no actor expected. */
  readonly faults: string[] = [];
  /** The client's answer to its handshake, once there is one. */
  admission: HandshakeOutcome | undefined;
  /** Whether the app got a closed hook while it was still answering the handshake. */
  isToldEarly = false;
  /** The messages that have their outcome. */
  readonly #done: string[] = [];
  /** How often the queue delivers each task. */
  copies = 1;
  readonly #turnstile: Turnstile;
  /** How many tasks of each kind each actor has queued. */
  readonly #tasks = new Map<string, number>();
  /** Checks the result when all is over and the sweeps have run. */
  check: (scene: Scene) => Promise<void> = async () => {};
  /** Whether the client is in, and whether it has left. */
  #isIn = false;
  #hasLeft = false;
  /** How many posts fail although the client is there, and how. */
  #refusals = 0;
  #refusal: 'gone' | 'throttled' = 'gone';

  constructor(socket: SocketId, given: Pick<Given, 'settings' | 'policy'> = {}) {
    this.socket = socket;
    this.world = deployedWorld(given);
    const { connections, clock } = this.world;
    this.#turnstile = new Turnstile(() => clock.now());
    connections.missing.add(socket);
    connections.script(socket, () => {
      if (!this.#isIn || this.#hasLeft) return { kind: 'gone' };
      return { kind: this.#refusals-- > 0 ? this.#refusal : 'posted' };
    });
  }

  /** The gateway, as one actor uses it. */
  as(actor: string, answerTo: Gateway['app'] = this.world.app): Gateway {
    const { gateway, clock, tasks } = this.world;
    const pass = this.#turnstile.passOf(actor);
    return {
      ...passedGateway({ ...gateway, app: answerTo }, pass),
      tasks: {
        enqueue: (task, delayMs = 0) =>
          pass(`queue ${task.kind}${delayMs > 0 ? ' later' : ''}`, async () => {
            if (delayMs > 0) return tasks.enqueue(task, delayMs);
            for (let copy = 0; copy < this.copies; copy++) {
              this.begin(this.#nameOf(task.kind, actor), (own) => runTask(own, task));
            }
          }),
        enqueueBatches: (batches, delayMs) =>
          pass(`queue ${batches.length} batches`, () => tasks.enqueueBatches(batches, delayMs)),
      },
      clock: {
        ...gateway.clock,
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        random: () => clock.random(),
        sleep: (ms) => {
          const until = clock.now() + ms;
          return pass('sleep', async () => clock.skipTo(until));
        },
      },
    };
  }

  /** Starts an actor. */
  begin(actor: string, run: (gateway: Gateway) => Promise<unknown>): void {
    run(this.as(actor)).catch((error: unknown) => this.faults.push(`${actor}: ${String(error)}`));
  }

  /** The app's answer to a hook will send this message at some point. */
  expectReply(body: string): void {
    this.sent.push({ body, after: [], outcome: 'queued' });
  }

  /** Sends a message and records its outcome. */
  async send(gateway: Gateway, body: string): Promise<void> {
    const sent: Sent = { body, after: [...this.#done] };
    this.sent.push(sent);
    sent.outcome = await deliver(gateway, this.socket, body);
    this.#done.push(body);
  }

  /**
   * A client connects. During the handshake the app sends these messages, and then answers. The connection exists only
   * after that, and only if the client is accepted.
   */
  connect(connectRequest: ConnectRequest, answer: AppResponse, inside: readonly string[] = []): void {
    const app = this.#turnstile.passOf('app');
    let isAsked = false;
    this.world.app.onPost = ({ url }) => {
      if (isAsked && url.includes('/closed/')) this.isToldEarly = true;
    };
    const asked: Gateway['app'] = {
      post: async (request) => {
        await this.world.app.post(request);
        isAsked = true;
        const gateway = this.as('app');
        for (const body of inside) await this.send(gateway, body);
        return app('answers', async () => {
          isAsked = false;
          return answer;
        });
      },
    };
    const entering = async (): Promise<void> => {
      const gateway = { ...this.as('handshake'), app: asked };
      this.admission = await handshake(gateway, connectRequest);
      if (this.admission.kind === 'accepted') this.#enter();
    };
    entering().catch((error: unknown) => this.faults.push(`handshake: ${String(error)}`));
  }

  /** Starts with a socket that has this record, with its client connected and these messages in its outbox. */
  async stand(record: Partial<SocketRecord>, waiting: readonly string[] = []): Promise<SocketRecord> {
    const admitted = await this.world.admit({ ...record, socket: this.socket });
    for (const body of waiting) {
      this.sent.push({ body, after: [...this.#done], outcome: 'queued' });
      this.#done.push(body);
      await this.world.registry.append(this.socket, body);
    }
    this.#enter();
    return admitted;
  }

  /** The first `count` posts to the connected client fail this way. */
  refusePosts(count: number, how: 'gone' | 'throttled'): void {
    this.#refusals = count;
    this.#refusal = how;
  }

  /**
   * The client leaves. That is reported some time later: by `$disconnect`, or by a session, whose closed hook then waits
   * for its turn.
   */
  leave(teller: '$disconnect' | 'session' = '$disconnect'): void {
    const pass = this.#turnstile.passOf('client');
    const turn = this.#turnstile.passOf('its turn');
    const goes = pass('goes', async () => {
      this.#hasLeft = true;
      this.world.connections.missing.add(this.socket);
    });
    this.begin('disconnect', async (gateway) => {
      await goes;
      const ending = { code: 1001, reason: '' };
      if (teller === '$disconnect') return disconnect(gateway, this.socket, ending);
      const postClosed = disconnectInOrder(gateway, this.socket, ending);
      await turn('comes', async () => {});
      await postClosed();
    });
  }

  #enter(): void {
    this.#isIn = true;
    if (!this.#hasLeft) this.world.connections.missing.delete(this.socket);
  }

  /** Names a task after the actor that queued it, so that it has the same name in every order. */
  #nameOf(kind: string, actor: string): string {
    const count = (this.#tasks.get(kind + actor) ?? 0) + 1;
    this.#tasks.set(kind + actor, count);
    return `${kind} ${count} of ${actor}`;
  }

  /** The messages that arrived at the client. */
  get arrived(): string[] {
    return this.world.connections.of(this.socket);
  }

  /** The codes of the closed hooks that the app got. */
  get told(): string[] {
    return this.world.app.told.map(({ code = '' }) => code);
  }

  async record(): Promise<SocketRecord | undefined> {
    return this.world.registry.get(this.socket);
  }

  get choices(): readonly string[] {
    return this.#turnstile.waiting;
  }

  step(at: number): Promise<void> {
    return this.#turnstile.letThrough(at);
  }

  async state(): Promise<unknown> {
    await quiet();
    const { clock, registry, connections, tasks } = this.world;
    const record = [await this.record(), await registry.waiting(this.socket)];
    const seen = [
      this.arrived,
      this.told,
      connections.ended.length,
      this.admission,
      this.faults,
      this.isToldEarly,
    ];
    const client = [this.#isIn, this.#hasLeft, this.#refusals];
    const messages = [this.sent, [...this.#done].sort()];
    const queue = [tasks.delayed, tasks.delayMs];
    return [this.#turnstile.state, clock.now(), record, seen, client, queue, messages];
  }

  async end(): Promise<void> {
    // Delayed tasks come first, since their delays are short.
    for (let round = 0; round < 2; round++) await work(this.world);
    await sweepMinutes(this.world, 3);
    await this.check(this);
  }
}
