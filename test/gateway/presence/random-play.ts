import { isDeepStrictEqual } from 'node:util';
import { route } from '../../../functions/gateway/api/route.ts';
import { closeSocket } from '../../../functions/gateway/end/close-socket.ts';
import type { Policy } from '../../../functions/gateway/gateway.ts';
import { disconnect, disconnectInOrder } from '../../../functions/gateway/relay/disconnect.ts';
import { handshake } from '../../../functions/gateway/relay/handshake.ts';
import { message } from '../../../functions/gateway/relay/message.ts';
import { hookEvents } from '../../../functions/wire/hook.ts';
import { ok } from '../../../functions/wire/result.ts';
import { type SocketId, socketIdFrom } from '../../../functions/wire/socket-id.ts';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { groupName } from '../../fakes/group-names.ts';
import { Random } from '../../simulate/random.ts';
import { Stage } from './stage.ts';
import { type AppMood, PresenceWorld } from './world.ts';

/** The worlds that schedules are played in. */
export type PlayKind = (typeof kinds)[number];

/**
 * `cloud`: as on AWS, and nothing dies or is lost. `deadly`: there, and runs die, answers are lost, clients vanish. `local`:
 * as in one process. `steps`: as `deadly`, and the clock is set.
 */
const kinds = ['cloud', 'deadly', 'local', 'steps'] as const;

const [lobby, arena] = [groupName('lobby'), groupName('arena')];

/** How many sockets there are at most in a schedule. */
const mostSockets = 7;

/** What differs on AWS. */
export const deployed: Partial<Policy> = {
  defersDeliveries: true,
  leaseMs: 90_000,
  staleMs: 90_000,
  untoldMs: 90_000,
  retry: { attempts: 3, withinMs: 5_000 },
};
const inOneProcess: Partial<Policy> = {
  keepsOrder: true,
  looksCost: false,
  staleMs: Number.POSITIVE_INFINITY,
};

/** The kind of the schedule that a seed makes. */
export function kindOf(seed: number): PlayKind {
  return kinds[seed % kinds.length] ?? 'cloud';
}

/** Plays the random schedule of a seed, and checks what the app was told. Throws if it is wrong. */
export async function playPresence(seed: number, trace?: string[]): Promise<void> {
  const play = new RandomPlay(seed, trace);
  await play.run();
}

class RandomPlay {
  readonly kind: PlayKind;
  readonly stage: Stage;
  readonly world: PresenceWorld;
  readonly graceMs: number;
  readonly isSlow: boolean;

  constructor(seed: number, trace: string[] | undefined) {
    this.kind = kindOf(seed);
    const random = new Random(seed);
    const { isDeadly } = this;
    const isLocal = this.kind === 'local';
    this.isSlow = isDeadly && random.next() < 0.5;
    const killing = isDeadly ? random.next() * 0.06 : 0;
    const lifeMs = isLocal ? Number.POSITIVE_INFINITY : 85_000;
    this.stage = new Stage(random, { killing, slowestMs: this.isSlow ? 3_000 : 20, lifeMs }, trace);
    this.graceMs = this.stage.pick(0, 1_000, 5_000);
    const lateMs = isDeadly ? this.stage.pick(0, 30_000) : 20;
    this.world = new PresenceWorld(
      this.stage,
      { copies: isLocal ? 1 : this.stage.pick(1, 2), lateMs: isLocal ? 0 : lateMs, isOnce: isLocal },
      {
        settings: {
          hooks: new Set(hookEvents),
          presenceGraceMs: this.graceMs,
          probeMinutes: isLocal ? 0 : 1,
        },
        policy: isLocal ? inOneProcess : deployed,
      },
    );
  }

  get isDeadly(): boolean {
    return this.kind === 'deadly' || this.kind === 'steps';
  }

  async run(): Promise<void> {
    const { stage, world } = this;
    world.sweepOn();
    for (let left = 3 + stage.int(9); left > 0; left--) {
      this.#act();
      const gap = stage.pick(0, 30, this.graceMs, 10_000, stage.chance(0.2) ? 120_000 : 100);
      await stage.until(stage.now + stage.int(gap + 1));
    }
    stage.trouble.killing = 0;
    world.mood = 'up';
    stage.note('all is well');
    world.sweepOn();
    // Long enough for a task that a dead run has left, and for what chance has made late.
    await stage.untilTrue(() => world.isOver);
    await this.#check();
  }

  #act(): void {
    const { stage, world } = this;
    const isIn = stage.int(10) > 0 && world.connected.size > 0;
    const socket = isIn ? stage.pick(...this.#among([...world.connected])) : this.#anySocket();
    const act = stage.int(12);
    if (act < 3 || socket === undefined) this.#connect();
    else if (act < 5 || !world.connected.has(socket)) this.#leaveOrJoinByCall(socket);
    else if (act < 7) this.#talk(socket);
    else if (act < 9) this.#hangUp(socket);
    else if (act < 10) void world.begin('close', (gateway) => closeSocket(gateway, socket));
    else if (act < 11 || this.kind !== 'steps') this.#changeMood();
    else stage.setClock(stage.pick(-3_600_000, -4_000, 2_000, 600_000));
  }

  #among(sockets: readonly SocketId[]): readonly [SocketId, ...SocketId[]] {
    const [first, ...rest] = sockets;
    if (first === undefined) throw new Error('There is no socket.');
    return [first, ...rest];
  }

  #anySocket(): SocketId | undefined {
    const { sockets } = this.world;
    return sockets.length === 0 ? undefined : this.stage.pick(...this.#among(sockets));
  }

  #changeMood(): void {
    const calm: readonly [AppMood, ...AppMood[]] = ['up', 'down', 'broken', 'slow', 'refusing'];
    const mood = this.isDeadly ? this.stage.pick(...calm, 'lost') : this.stage.pick(...calm);
    this.world.mood = mood;
    this.stage.note(`the app is ${mood}`);
  }

  #change(): { join?: string[]; leave?: string[] } {
    const { stage } = this;
    const one = stage.pick(lobby, arena);
    return stage.pick(
      { join: [one] },
      { leave: [one] },
      { join: [lobby], leave: [arena] },
      { join: [lobby, arena] },
    );
  }

  #connect(): void {
    const { stage, world } = this;
    if (world.sockets.length >= mostSockets) return;
    const id = Buffer.alloc(11);
    id.writeUInt32LE(world.sockets.length);
    const socket = socketIdFrom(id);
    world.sockets.push(socket);
    const user = stage.pick('alice', 'alice', 'bob', '');
    world.answers.set(`handshake_${socket}`, {
      ...(user === '' ? {} : { user }),
      join: stage.pick([], [lobby], [lobby, arena]),
    });
    const leavesAfter = stage.chance(0.15) ? stage.int(40) : undefined;
    const request = aConnectRequest({ socket, time: stage.clock.now() });
    void world.begin(`handshake ${socket} ${user}`, async (gateway) => {
      const { kind } = await handshake(gateway, request);
      if (kind !== 'accepted') return;
      world.connected.add(socket);
      if (leavesAfter !== undefined) stage.later(leavesAfter, () => this.#hangUp(socket));
    });
  }

  #leaveOrJoinByCall(socket: SocketId): void {
    const { stage, world } = this;
    const method = stage.pick('PUT', 'DELETE');
    const found = route(method, `/groups/${stage.pick(lobby, arena)}/sockets/${socket}`);
    if (!found.ok) throw new Error('There is no such call.');
    const { call, parameters } = found.value;
    const rest = { id: 'req_1', query: '', authorization: '', identity: 'a caller', contentType: '' };
    const body = async () => ok(new Uint8Array());
    void world.begin(`${method} ${parameters['group']} ${socket}`, (gateway) =>
      call(gateway, { ...rest, parameters, body }),
    );
  }

  #talk(socket: SocketId): void {
    const { stage, world } = this;
    const id = `m${world.answers.size}`;
    const change = this.#change();
    world.answers.set(`message_${id}`, change);
    const arrival = { socket, id, body: '', time: stage.clock.now() };
    void world.begin(`message ${socket} ${JSON.stringify(change)}`, (gateway) => message(gateway, arrival));
  }

  #hangUp(socket: SocketId): void {
    const { stage, world } = this;
    if (!world.connected.delete(socket)) return;
    stage.note(`${socket} hangs up`);
    // Nobody reports it, and only a sweep finds it.
    const isLost = this.isDeadly && stage.chance(0.3);
    if (isLost) world.sweepOn();
    if (isLost) return;
    const ending = { code: 1001, reason: '' };
    void world.begin(`disconnect ${socket}`, (gateway) =>
      this.kind === 'local'
        ? disconnectInOrder(gateway, socket, ending)()
        : disconnect(gateway, socket, ending),
    );
  }

  async #check(): Promise<void> {
    const { world, stage } = this;
    const { ledger, gateway, registry } = world;
    const present = world.present();
    ledger.check(present);
    // Where calls take seconds, nobody can say when somebody was there.
    if (!this.isSlow && this.kind !== 'steps') ledger.checkTimes(this.graceMs, 500);
    for (const [name, key] of ledger.keys) {
      const leased = await gateway.presences.lease(key, 1);
      if (leased.kind !== 'leased') throw new Error(`${name} is ${leased.kind}`);
      const { told, telling } = leased.state;
      if (telling !== undefined) throw new Error(`${name}: ${telling.event} is being told`);
      if ((told?.event === 'joined') !== present.has(name)) throw new Error(`${name}: told ${told?.event}`);
    }
    for (const group of [lobby, arena]) {
      const { users = [] } = (await registry.listUsers(group, 100)) ?? {};
      const named = [...present.values()].filter(
        (key) => key.group === group && key.subject.startsWith('u:'),
      );
      const listed = users.map(({ user }) => `u:${user}`).sort();
      const told = named.map(({ subject }) => subject).sort();
      if (!isDeepStrictEqual(listed, told))
        throw new Error(`the users of ${group}: ${listed}, told: ${told}`);
    }
    if (world.faults.length > 0) throw new Error(`faults at ${stage.now}: ${world.faults}`);
  }
}
