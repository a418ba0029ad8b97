import { type PresenceKey, subjectOf } from '../../../functions/gateway/presences.ts';
import type { MemoryRegistry } from '../../../functions/local/memory-registry.ts';
import { parseSocketId, type SocketId } from '../../../functions/wire/socket-id.ts';
import { groupName } from '../../fakes/group-names.ts';

/** A hook of presence as it came to the app. */
export interface Heard {
  readonly id: string;
  readonly event: string;
  readonly key: string;
  readonly sequence: number;
  /** The time in the hook, and the true time, in milliseconds since 1970. */
  readonly time: number;
  readonly at: number;
  /** Whether the app has accepted it, or refused it for good. */
  readonly isFinal: boolean;
}

/** Names a subject in a group. */
export function nameOf({ group, subject }: PresenceKey): string {
  return `${group} ${subject}`;
}

/** What the app has heard, and when somebody was there in truth. */
export class PresenceLedger {
  readonly heard: Heard[] = [];
  /** Whether a run has died, or an answer was lost, or came late: then a hook may come twice. */
  isExcused = false;
  /** The subjects that were ever in a group, or that the app has heard of, by their names. */
  readonly keys = new Map<string, PresenceKey>();
  /** When the departures of each subject were noted. */
  readonly #departures = new Map<string, number[]>();
  readonly #spans = new Map<string, { readonly from: number; to: number }[]>();

  /** Notes who is there. */
  observe(registry: MemoryRegistry, sockets: readonly SocketId[], now: number): void {
    const present = presentIn(registry, sockets);
    for (const [key, spans] of this.#spans) {
      const last = spans.at(-1);
      if (last !== undefined && last.to === Number.POSITIVE_INFINITY && !present.has(key)) last.to = now;
    }
    for (const [key, parts] of present) {
      this.keys.set(key, parts);
      const spans = this.#spans.get(key) ?? [];
      this.#spans.set(key, spans);
      if (spans.at(-1)?.to !== Number.POSITIVE_INFINITY)
        spans.push({ from: now, to: Number.POSITIVE_INFINITY });
    }
  }

  depart(key: PresenceKey, now: number): void {
    const name = nameOf(key);
    this.#departures.set(name, [...(this.#departures.get(name) ?? []), now]);
  }

  hear(fields: Readonly<Record<string, string>>, id: string, at: number, isFinal: boolean): void {
    const { event = '', group = '', user = '', from = '', sequence, time } = fields;
    const socket = parseSocketId(from);
    if (socket === undefined) throw new Error('A hook without a socket.');
    const parts = { group: groupName(group), subject: subjectOf({ user, socket }) };
    const key = nameOf(parts);
    this.keys.set(key, parts);
    this.heard.push({ id, event, key, sequence: Number(sequence), time: Number(time), at, isFinal });
  }

  /** Throws unless everything that was told is in sequence and ends with the truth. */
  check(present: ReadonlyMap<string, PresenceKey>): void {
    for (const key of this.keys.keys()) {
      const told = this.#toldOf(key);
      const events = told.map(({ event }) => event);
      const expected = events.map((_, at) => (at % 2 === 0 ? 'joined' : 'left'));
      must(String(events) === String(expected), `${key} was told ${events}`);
      must(
        (events.at(-1) === 'joined') === present.has(key),
        `${key}: ${events}, there: ${present.has(key)}`,
      );
      for (const [at, { at: when }] of told.entries())
        must(when >= (told[at - 1]?.at ?? 0), `${key}: number ${at} was posted before the one before it`);
    }
  }

  /** Throws if a user was told to have left who was away for less than the grace, or to have come who was not there. */
  checkTimes(graceMs: number, toleranceMs: number): void {
    for (const key of this.keys.keys()) {
      const spans = this.#spans.get(key) ?? [];
      const isThere = (from: number, to: number) =>
        spans.find((span) => span.from < to && span.to > from && !this.#isUnnoted(key, span.to, to));
      for (const { event, time } of this.#toldOf(key)) {
        const facts = `${key}: ${event} at ${time}, there ${JSON.stringify(spans)}`;
        if (event === 'joined')
          must(
            spans.some(({ from, to }) => from <= time && to > time - toleranceMs),
            facts,
          );
        else must(isThere(time - graceMs + toleranceMs, time - toleranceMs / 50) === undefined, facts);
      }
    }
  }

  /**
   * A socket that ends notes its departure only when its closed hook is due. If another socket of its user has left a
   * grace before, and the last look falls in between, the user has left too early.
   */
  #isUnnoted(key: string, end: number, told: number): boolean {
    const noted = this.#departures.get(key) ?? [];
    const isNoted = noted.some((when) => when > end - 100 && when < told);
    return !isNoted && noted.some((when) => when < end);
  }

  /** The hooks of a subject by their sequence, each as it came first. Throws for two that contradict each other. */
  #toldOf(key: string): Heard[] {
    const byId = new Map<string, Heard>();
    const finals = new Map<string, number>();
    for (const one of this.heard.filter((each) => each.key === key)) {
      const first = byId.get(one.id) ?? one;
      byId.set(one.id, first);
      if (one.isFinal) finals.set(one.id, (finals.get(one.id) ?? 0) + 1);
      const isSame = first.event === one.event && first.sequence === one.sequence && first.time === one.time;
      must(isSame, `${one.id} has changed`);
    }
    for (const id of byId.keys()) {
      const count = finals.get(id) ?? 0;
      must(count > 0, `${id} never came to its end`);
      must(count === 1 || this.isExcused, `${id} came ${count} times`);
    }
    const told = [...byId.values()].sort((one, other) => one.sequence - other.sequence);
    must(new Set(told.map(({ sequence }) => sequence)).size === told.length, `${key} has a number twice`);
    return told;
  }
}

/** The subjects in groups that are there by the records of these sockets. */
export function presentIn(
  registry: MemoryRegistry,
  sockets: readonly SocketId[],
): ReadonlyMap<string, PresenceKey> {
  const present = new Map<string, PresenceKey>();
  for (const socket of sockets) {
    const record = registry.get(socket);
    if (record === undefined || record.acceptedAt === 0 || record.status === 'closing') continue;
    for (const group of record.groups) {
      const key = { group, subject: subjectOf(record) };
      present.set(nameOf(key), key);
    }
  }
  return present;
}

function must(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what);
}
