import { connectHandler } from '../../functions/aws/handlers/connect-handler.ts';
import { disconnectHandler } from '../../functions/aws/handlers/disconnect-handler.ts';
import { messageHandler } from '../../functions/aws/handlers/message-handler.ts';
import { redriveHandler } from '../../functions/aws/handlers/redrive-handler.ts';
import { retriesHandler } from '../../functions/aws/handlers/retries-handler.ts';
import { sweepHandler } from '../../functions/aws/handlers/sweep-handler.ts';
import { tasksHandler } from '../../functions/aws/handlers/tasks-handler.ts';
import { parseTask } from '../../functions/aws/queue/task-message.ts';
import { deliver } from '../../functions/gateway/deliver/deliver.ts';
import { closeSocket } from '../../functions/gateway/end/close-socket.ts';
import type { Connections, Posted } from '../../functions/gateway/ports.ts';
import { hookId } from '../../functions/wire/hook.ts';
import { type SocketId, socketIdFrom } from '../../functions/wire/socket-id.ts';
import { timeouts } from '../../infra/aws/timeouts.ts';
import { Random } from '../simulate/random.ts';
import { Cloud } from './cloud.ts';
import { type Command, durationOf, type Setup } from './commands.ts';
import { Functions } from './functions.ts';
import { type Client, Ledger, type Sent } from './ledger.ts';
import { Losses } from './losses.ts';
import { ModelApp } from './model-app.ts';
import { Fate } from './process.ts';
import { QueuedMessages } from './queued-messages.ts';
import { Timeline } from './timeline.ts';
import type { Troubled } from './trouble.ts';

/** What only happens on AWS: calls go wrong, `$disconnect` is lost, SQS hands out messages twice. */
export type AwsCommand =
  | Troubled
  | { readonly do: 'lose $disconnect'; readonly isOn: boolean }
  | { readonly do: 'double'; readonly times: number };

/**
 * Whether a message is lost whose function begins after the closed hook of its socket was done. Its record is gone by
 * then, and with it what its hook says.
 */
const losesOvertaken = true;

/** How often the gateway sweeps, in milliseconds. */
const sweepMs = 300_000;

/** API Gateway: how long a connection lives, in milliseconds. */
const lifeMs = 7_200_000;

/** A day and some: for as long a closed hook is tried. */
const hoursOfPeace = 30;

/** A connection of API Gateway. */
interface Connection {
  readonly client: Client;
  readonly socket: SocketId;
  state: 'connecting' | 'open' | 'gone';
}

/** A gateway on AWS whose Lambdas die, with its clients and its app. */
export class AwsWorld {
  readonly timeline = new Timeline();
  readonly ledger = new Ledger(false);
  readonly #random: Random;
  readonly #app: ModelApp;
  readonly #cloud: Cloud;
  readonly #functions: Functions;
  /** Where Lambda queues messages. */
  readonly #queued: QueuedMessages | undefined;
  /** Where messages are given up. */
  readonly #losses: Losses | undefined;
  readonly #fate = new Fate();
  readonly #connections: Connection[] = [];
  #isLosing = false;
  /** By the ids of their hooks. */
  readonly #sent = new Map<string, Sent>();
  #ids = 0;

  /** `queuesMessages`: the stack has `messageInvocation` `event`. */
  constructor({ seed, messageFailure }: Setup, queuesMessages = false) {
    const { timeline, ledger } = this;
    this.#random = new Random(seed);
    this.#app = new ModelApp(timeline, this.#random, ledger);
    this.#app.closing = (client) => this.#leaving(ledger.clients[client]);
    const rules = { pausesMs: 5_000, isPatient: false };
    this.#losses =
      messageFailure === 'retry' ? undefined : new Losses({ ...rules, messageFailure }, ledger, timeline);
    const connections: Connections = {
      post: (socket, body) => this.#post(socket, body),
      close: async (socket) => this.#closed(this.#connectionOf(socket), 1000),
      has: async (socket) => this.#connectionOf(socket)?.state === 'open',
    };
    const stack = { messageFailure, queuesMessages };
    this.#cloud = new Cloud(timeline, this.#random, this.#app, connections, stack, {
      logged: (event, fields) => this.#losses?.heard(event, fields),
      keeping: (letter) => ledger.keeping(letter),
      kept: (letter) => ledger.kept(letter),
    });
    this.#functions = new Functions(this.#cloud, timeline, this.#random, this.#fate, ledger);
    const dead = this.#cloud.queues.deadRetries;
    this.#queued = queuesMessages ? new QueuedMessages(this.#functions, timeline, dead) : undefined;
    this.#functions.consume('tasks', timeouts.tasks, tasksHandler);
    this.#functions.consume('retries', timeouts.retries, retriesHandler);
    this.#functions.consume('deadRetries', timeouts.redrive, redriveHandler);
  }

  /** Plays commands, then lets the faults end and time run on. Returns what is wrong. */
  async play(commands: readonly (Command | AwsCommand)[]): Promise<string[]> {
    this.timeline.install();
    try {
      this.#sweepAgain();
      for (const command of commands) {
        this.#do(command);
        await this.timeline.pass(durationOf(command));
      }
      await this.#calmDown();
      return await this.#wrongs();
    } finally {
      this.timeline.uninstall();
    }
  }

  #do(command: Command | AwsCommand): void {
    switch (command.do) {
      case 'connect':
        void this.#connect();
        return;
      case 'talk':
        for (let time = 0; time < command.times; time++)
          void this.#talk(this.#chosen(command.client), command.wish);
        return;
      case 'close':
        this.#leave(this.#chosen(command.client), 1000);
        return;
      case 'vanish':
        this.#leave(this.#chosen(command.client), 1006);
        return;
      case 'app closes':
      case 'app sends':
        void this.#callBack(command.do, this.#chosen(command.client));
        return;
      case 'mood':
        this.#app.mood = command.mood;
        this.#app.admits = command.admits;
        return;
      case 'replay':
        void this.#replay();
        return;
      case 'kill':
        this.#fate.decide(command);
        return;
      case 'trouble':
        this.#cloud.troubles.begin(command);
        return;
      case 'lose $disconnect':
        this.#isLosing = command.isOn;
        return;
      case 'double':
        this.#double(command.times);
        return;
      case 'pass':
        return;
    }
  }

  #chosen(client: number): Connection | undefined {
    return this.#connections.at(-1 - (client % this.#connections.length));
  }

  #connectionOf(socket: SocketId): Connection | undefined {
    return this.#connections.find((connection) => connection.socket === socket);
  }

  #double(times: number): void {
    if (times > 0) this.ledger.areTasksDoubled = true;
    for (const queue of Object.values(this.#cloud.queues)) queue.doubled = times;
  }

  /**
   * EventBridge, less often than a stack has it, so that a play of many hours is short. A sweep of an empty table would
   * find nothing.
   */
  #sweepAgain(): void {
    const { timeline } = this;
    timeline.after(sweepMs, () => {
      const time = new Date(timeline.time).toISOString();
      if (this.#cloud.dynamo.items('name').length > 0)
        void this.#functions.run(timeouts.sweep, (gateway, context) =>
          sweepHandler(gateway)({ time }, context),
        );
      this.#sweepAgain();
    });
  }

  #newId(): Buffer {
    this.#ids += 1;
    const id = Buffer.alloc(11);
    id.writeUInt32BE(Math.floor(this.#random.next() * 2 ** 32), 0);
    id.writeUInt32BE(this.#ids, 4);
    return id;
  }

  async #connect(): Promise<void> {
    const client = this.ledger.client();
    const connection: Connection = { client, socket: socketIdFrom(this.#newId()), state: 'connecting' };
    this.#connections.push(connection);
    const queryStringParameters = { path: client.path, n: String(client.number) };
    const requestContext = { ...this.#contextOf(connection), eventType: 'CONNECT' as const };
    const result = await this.#functions.run(timeouts.waited, (gateway, context) =>
      connectHandler(gateway)({ requestContext, queryStringParameters }, context),
    );
    if (connection.state === 'gone')
      return this.#tellDisconnect(connection, 1006, result?.statusCode === 200);
    connection.state = result?.statusCode === 200 ? 'open' : 'gone';
    if (connection.state === 'open') this.timeline.after(lifeMs, () => this.#end(connection, 1001));
  }

  #contextOf({ socket }: Connection) {
    return {
      connectionId: socket,
      requestId: this.#newId().toString('base64url'),
      requestTimeEpoch: this.timeline.time,
    };
  }

  async #talk(connection: Connection | undefined, wish: string): Promise<void> {
    if (connection?.state !== 'open') return;
    const { client } = connection;
    const sent: Sent = { index: client.sent.length, at: this.timeline.time };
    client.sent.push(sent);
    const body = `${client.number}/${sent.index}/${wish}`;
    const context = { ...this.#contextOf(connection), eventType: 'MESSAGE' as const };
    this.#sent.set(hookId('message', context.requestId), sent);
    // From now on nothing excuses its loss.
    if (this.#queued !== undefined) return this.#queued.take({ body, requestContext: context });
    let isOver = false;
    const result = await this.#functions.run(timeouts.waited, async (gateway, lambda) => {
      const answer = await messageHandler(gateway)({ body, requestContext: context }, lambda);
      isOver = true;
      return answer;
    });
    if (!isOver && !this.#isQueued(body)) sent.excuse ??= 'its function was killed';
    if (losesOvertaken && this.ledger.isTold(client)) sent.excuse ??= 'the closed hook overtook it';
    if (result?.body !== undefined) this.#hear(connection, result.body);
  }

  /** Whether a message waits to be tried again. */
  #isQueued(message: string): boolean {
    const { retries, deadRetries } = this.#cloud.queues;
    return [...retries.bodies, ...deadRetries.bodies].some((text) => {
      const task = parseTask(text);
      return task.kind === 'retry' && task.hook.body === message;
    });
  }

  #leave(connection: Connection | undefined, code: number): void {
    if (connection?.state === 'connecting') connection.state = 'gone';
    else this.#end(connection, code);
  }

  #end(connection: Connection | undefined, code: number): void {
    if (connection?.state !== 'open') return;
    connection.client.endedAt ??= this.timeline.time;
    this.#closed(connection, code);
  }

  #closed(connection: Connection | undefined, code: number): void {
    if (connection?.state !== 'open') return;
    connection.state = 'gone';
    connection.client.goneAt = this.timeline.time;
    this.#tellDisconnect(connection, code, !this.#isLosing);
  }

  #tellDisconnect(connection: Connection, disconnectStatusCode: number, isTold: boolean): void {
    this.#closing(connection.client);
    if (!isTold) return;
    const requestContext = {
      ...this.#contextOf(connection),
      eventType: 'DISCONNECT' as const,
      disconnectStatusCode,
    };
    void this.#functions.run(timeouts.waited, (gateway, context) =>
      disconnectHandler(gateway)({ requestContext }, context),
    );
  }

  /** What comes from now on is not accepted, since its socket is closed. */
  #closing(client: Client | undefined): void {
    if (client !== undefined) client.dropsSince ??= this.timeline.time;
  }

  /** The same because the app closes it. */
  #leaving(client: Client | undefined): void {
    if (client !== undefined) client.endedAt ??= this.timeline.time;
    this.#closing(client);
  }

  async #post(socket: SocketId, body: string): Promise<Posted> {
    const connection = this.#connectionOf(socket);
    if (connection?.state !== 'open') return { kind: 'gone' };
    this.#hear(connection, body);
    return { kind: 'posted' };
  }

  #hear({ client, socket }: Connection, body: string): void {
    if (body !== `for ${socket}`) this.ledger.violate(`client ${client.number} got what was "${body}"`);
  }

  async #callBack(what: 'app closes' | 'app sends', connection: Connection | undefined): Promise<void> {
    if (connection === undefined) return;
    const { client, socket } = connection;
    if (what === 'app closes') this.#leaving(client);
    await this.#functions.run(timeouts.waited, async (gateway) =>
      what === 'app closes' ? closeSocket(gateway, socket) : deliver(gateway, socket, `for ${socket}`),
    );
  }

  async #replay(): Promise<void> {
    const letters = await this.#cloud.letters();
    const until = this.timeline.time;
    this.ledger.replayed(letters, until);
    await this.#functions.run(timeouts.waited, (gateway) => gateway.tasks.enqueue({ kind: 'replay', until }));
  }

  /**
   * The faults end, the clients go, and time runs on until nothing is left to do, or for as long as hooks are tried.
   */
  async #calmDown(): Promise<void> {
    this.#fate.relent();
    this.#cloud.troubles.end();
    this.#double(0);
    this.#isLosing = false;
    this.#app.mood = 'up';
    await this.timeline.pass(60_000);
    for (const connection of this.#connections) this.#leave(connection, 1000);
    for (let hour = 0; hour < hoursOfPeace; hour++) {
      await this.timeline.pass(3_600_000);
      if (this.#left.length === 0) return;
    }
  }

  get #wasHarmed(): boolean {
    return this.#cloud.troubles.wereAny || this.ledger.hasDeaths || this.ledger.areTasksDoubled;
  }

  /** What is still to be done. */
  get #left(): string[] {
    const { dynamo, queues } = this.#cloud;
    const waiting = Object.values(queues).flatMap(({ bodies }) => bodies);
    // A row that nobody could delete expires by itself.
    const rows = dynamo.items('groups').filter(({ expires }) => expires === undefined || !this.#wasHarmed);
    const items = [...dynamo.items('name'), ...rows].map((item) => JSON.stringify(item));
    const running = [this.#functions.running > 0, 'a function runs'] as const;
    const queued = [(this.#queued?.waiting ?? 0) > 0, 'Lambda has messages'] as const;
    const busy = [running, queued].flatMap(([isSo, what]) => (isSo ? [what] : []));
    return [...busy, ...waiting, ...items];
  }

  async #wrongs(): Promise<string[]> {
    const { log, troubles } = this.#cloud;
    this.ledger.isTroubled = troubles.wereAny;
    const losses = this.#losses?.all ?? new Map<string, Client | undefined>();
    for (const id of losses.keys()) {
      const sent = this.#sent.get(id);
      if (sent !== undefined) sent.excuse ??= 'its loss was logged';
    }
    for (const { fields } of log.of('hook_lost')) {
      if (losses.has(String(fields['request']))) continue;
      const sent = this.#sent.get(String(fields['request']));
      if (sent === undefined || !troubles.wereAny || this.#queued !== undefined)
        this.ledger.violate(`hook_lost: ${fields['why']}`);
      else sent.excuse ??= 'its loss was logged';
    }
    return [
      ...this.ledger.wrongs(await this.#cloud.letters()),
      ...(this.#losses?.wrongs() ?? []),
      ...this.#left.map((what) => `left: ${what}`),
    ];
  }
}
