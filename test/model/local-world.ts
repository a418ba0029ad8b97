import type { DeadLetter } from '../../functions/gateway/dead-letters.ts';
import { deliver } from '../../functions/gateway/deliver/deliver.ts';
import { closeSocket } from '../../functions/gateway/end/close-socket.ts';
import type { Clock } from '../../functions/gateway/ports.ts';
import { sweep } from '../../functions/gateway/sweep/sweep.ts';
import { stopParts } from '../../functions/local/gateway.ts';
import type { Ids } from '../../functions/local/ids.ts';
import { resume } from '../../functions/local/resume.ts';
import { Upgrade } from '../../functions/websocket/upgrade.ts';
import { closeCodes } from '../../functions/wire/close-codes.ts';
import { parseSocketId, socketIdFrom } from '../../functions/wire/socket-id.ts';
import { lettersOf } from '../fakes/letters.ts';
import { Random } from '../simulate/random.ts';
import type { RecordingLog } from '../support/recording-log.ts';
import { type Command, durationOf, longestDownMs, type Setup } from './commands.ts';
import { Disk } from './disk.ts';
import { Excuses } from './excuses.ts';
import { type Client, Ledger } from './ledger.ts';
import { Life, settings } from './life.ts';
import { Losses } from './losses.ts';
import { ModelApp } from './model-app.ts';
import { ModelClient } from './model-client.ts';
import { Fate, Process } from './process.ts';
import { Timeline } from './timeline.ts';

/** The gateway is told to stop, and started again. */
export interface Stop {
  readonly do: 'stop';
  readonly withinMs: number;
  readonly downMs: number;
}

/** How often the gateway sweeps, and looks for idle sessions, in milliseconds. */
const sweepMs = 300_000;

/** A day and some: for as long a closed hook is tried. */
const hoursOfPeace = 30;

/** For how long a closed hook is tried, in milliseconds. */
const closedMs = 86_400_000;

/** A gateway in one process that dies and starts again, with its clients and its app. */
export class LocalWorld {
  readonly timeline = new Timeline();
  readonly ledger = new Ledger(true);
  readonly #random: Random;
  readonly #app: ModelApp;
  readonly #fate = new Fate();
  readonly #clients: ModelClient[] = [];
  readonly #lives: Life[] = [];
  readonly #disk = new Disk();
  readonly #setup: Setup;
  /** Where messages are given up. */
  readonly #losses: Losses | undefined;
  readonly #excuses: Excuses;
  readonly #starts: number[] = [];
  #downMs = 1;
  #ids = 0;

  constructor(setup: Setup) {
    const { seed, messageFailure } = setup;
    this.#setup = setup;
    this.#excuses = new Excuses(this.#disk, this.ledger, this.timeline, setup);
    this.#random = new Random(seed);
    const rules = { pausesMs: 10_000, isPatient: true };
    if (messageFailure !== 'retry')
      this.#losses = new Losses({ ...rules, messageFailure }, this.ledger, this.timeline);
    this.#app = new ModelApp(this.timeline, this.#random, this.ledger);
    this.#app.closing = (client, index) => this.#excuses.dropped(client, index);
  }

  /** Plays commands, then lets the faults end and time run on. Returns what is wrong. */
  async play(commands: readonly (Command | Stop)[]): Promise<string[]> {
    this.timeline.install();
    try {
      this.#start();
      await this.timeline.pass(1);
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

  /** The life that goes on, if the gateway is not down. */
  get #life(): Life | undefined {
    const life = this.#lives.at(-1);
    return life?.process.isDead === true ? undefined : life;
  }

  #do(command: Command | Stop): void {
    switch (command.do) {
      case 'connect':
        this.#connect();
        return;
      case 'talk':
        for (let time = 0; time < command.times; time++) this.#chosen(command.client)?.talk(command.wish);
        return;
      case 'close':
        this.#chosen(command.client)?.close();
        return;
      case 'vanish':
        this.#chosen(command.client)?.vanish();
        return;
      case 'app closes':
      case 'app sends':
        this.#callBack(command.do, this.#chosen(command.client)?.client);
        return;
      case 'mood':
        this.#app.mood = command.mood;
        this.#app.admits = command.admits;
        return;
      case 'replay':
        void this.#replay();
        return;
      case 'kill':
        this.#downMs = command.downMs;
        this.#fate.decide(command);
        return;
      case 'stop':
        void this.#stop(command);
        return;
      case 'pass':
        return;
    }
  }

  #chosen(client: number): ModelClient | undefined {
    return this.#clients.at(-1 - (client % this.#clients.length));
  }

  #start(): void {
    const { timeline } = this;
    const process = new Process(this.#fate, () => this.#died());
    const clock: Clock = {
      now: () => timeline.time,
      monotonic: () => timeline.time - 5_000,
      random: () => this.#random.next(),
      sleep: (ms) => timeline.sleep(ms, process),
    };
    timeline.owner = process;
    const life = new Life(
      process,
      clock,
      this.#app,
      this.#newIds(),
      this.#disk,
      this.#setup,
      (event, fields) => this.#losses?.heard(event, fields),
    );
    this.#lives.push(life);
    this.#starts.push(timeline.time);
    void resume(life.parts);
    this.#every(process, () => life.parts.sessions.expire(clock.monotonic(), settings.limits));
    this.#every(process, () => void sweep(life.parts.gateway, Math.floor(clock.now() / sweepMs)));
  }

  #every(process: Process, happen: () => void): void {
    this.timeline.after(
      sweepMs,
      () => {
        happen();
        this.#every(process, happen);
      },
      process,
    );
  }

  #newIds(): Ids {
    const bytes = (): Buffer => {
      this.#ids += 1;
      const id = Buffer.alloc(11);
      id.writeUInt32BE(Math.floor(this.#random.next() * 2 ** 32), 0);
      id.writeUInt32BE(this.#ids, 4);
      return id;
    };
    return { socket: () => socketIdFrom(bytes()), message: () => bytes().toString('base64url') };
  }

  #connect(): void {
    const life = this.#life;
    if (life === undefined) return;
    const { timeline, ledger } = this;
    const client = new ModelClient(ledger.client(), { timeline, ledger, process: life.process });
    this.#clients.push(client);
    void life.server.handle(new Upgrade(client, client.head, Buffer.alloc(0)));
  }

  #callBack(what: 'app closes' | 'app sends', client: Client | undefined): void {
    const gateway = this.#life?.parts.gateway;
    const socket = parseSocketId(client?.socket ?? ' ');
    if (gateway === undefined || client === undefined || socket === undefined) return;
    if (what === 'app closes') {
      this.#excuses.dropped(client.number, -1);
      void closeSocket(gateway, socket);
    } else void deliver(gateway, socket, `for ${socket}`);
  }

  async #replay(): Promise<void> {
    const parts = this.#life?.parts;
    if (parts === undefined) return;
    const letters = await lettersOf(parts);
    const until = this.timeline.time;
    this.ledger.replayed(letters, until);
    await parts.gateway.tasks.enqueue({ kind: 'replay', until });
  }

  async #stop({ withinMs, downMs }: Stop): Promise<void> {
    const life = this.#life;
    if (life === undefined || life.isStopping) return;
    life.isStopping = true;
    life.server.close();
    this.#downMs = downMs;
    await stopParts(life.parts, { close: () => {}, closeAllConnections: () => {} }, withinMs);
    life.process.die();
  }

  #died(): void {
    const { timeline, ledger } = this;
    const life = this.#lives.at(-1);
    if (life === undefined) return;
    // A stop costs nothing.
    if (!life.isStopping || this.#fate.hasStruck) {
      ledger.died(life.process, timeline.time);
      this.#excuses.lost(life.process);
    }
    this.#fate.hasStruck = false;
    timeline.after(this.#downMs, () => this.#start());
  }

  /**
   * The faults end, the clients go, and time runs on until nothing is left to do, or for as long as hooks are tried.
   */
  async #calmDown(): Promise<void> {
    this.#fate.relent();
    this.#app.mood = 'up';
    await this.timeline.pass(longestDownMs + 60_000);
    for (const client of this.#clients) client.close();
    for (let hour = 0; hour < hoursOfPeace; hour++) {
      await this.timeline.pass(3_600_000);
      if (this.#isQuiet()) return;
    }
  }

  #isQuiet(): boolean {
    const life = this.#life;
    // The two that come again and again are its own.
    return (
      life !== undefined && life.parts.registry.size === 0 && this.timeline.pendingOf(life.process) === 2
    );
  }

  async #wrongs(): Promise<string[]> {
    const life = this.#life;
    if (life === undefined) return ['The gateway is down.'];
    for (const { log, isStopping } of this.#lives) this.#readLog(log, isStopping);
    this.#excuseLosses();
    const letters = this.#excuses.letters();
    const left = this.#disk.size - 2 * letters.length;
    return [
      ...this.ledger.wrongs(letters),
      ...(this.#losses?.wrongs() ?? []),
      ...letters.flatMap((letter) => this.#diedEarly(letter)),
      ...(this.#isQuiet() ? [] : [`${life.parts.registry.size} records or some timers are left`]),
      ...(left === 0 ? [] : [`${left} values are left in the store`]),
    ];
  }

  /** A message may be lost whose loss was logged. One that never arrived is known by its client alone. */
  #excuseLosses(): void {
    for (const [id, client] of this.#losses?.all ?? []) {
      const arrival = this.ledger.arrivals.find((one) => one.id === id);
      const sent = client?.sent.find(({ index }) => index === arrival?.index);
      if (sent !== undefined) sent.excuse ??= 'its loss was logged';
      else if (client !== undefined) client.logged += 1;
    }
  }

  /** A hook whose app is away has its hours, and again after each start. */
  #diedEarly({ hook, why, diedAt }: DeadLetter): string[] {
    const isAway = ['429', '503', 'in time', 'ECONNREFUSED', 'cut off', 'is away'].some((end) =>
      why.endsWith(end),
    );
    // A replay of any hook is tried for as long as a message.
    const isBrief = hook.event === 'message' || this.ledger.replays.has(hook.id);
    const hoursMs = isBrief ? settings.messageRetryMs : closedMs;
    const start = this.#starts.findLast((at) => at <= diedAt) ?? 0;
    const isEarly = isAway && diedAt < Math.max(start, hook.time) + hoursMs;
    return isEarly ? [`${hook.id} died ${diedAt - start} ms after a start, since ${why}`] : [];
  }

  /** A gateway that is being stopped may lose what it logs. In any other, nothing goes wrong that the log is to tell. */
  #readLog({ lines }: RecordingLog, isStopping: boolean): void {
    const losses = this.#losses?.all;
    for (const { event, fields } of lines) {
      if (event === 'hook_lost' && losses?.has(String(fields['request']))) continue;
      const client = this.ledger.clients.find(({ socket }) => fields['request'] === `closed_${socket}`);
      const isClosed = event === 'messages_lost' && fields['why'] === closeCodes.appFailed.reason;
      if (
        !isStopping &&
        !(isClosed && this.#setup.messageFailure === 'close') &&
        ['messages_lost', 'hook_lost', 'fault'].includes(event)
      )
        this.ledger.violate(`${event}: ${fields['why']}`);
      else if (event === 'messages_lost' && client !== undefined) client.logged += Number(fields['count']);
    }
  }
}
