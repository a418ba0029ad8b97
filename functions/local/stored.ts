import * as v from 'valibot';
import type { DeadLetter } from '../gateway/dead-letters.ts';
import type { PresenceKey, PresenceState, Subject } from '../gateway/presences.ts';
import type { SocketRecord } from '../gateway/record.ts';
import type { RetryTask } from '../gateway/tasks.ts';
import { type DeadLetterId, parseDeadLetterId } from '../wire/dead-letter-id.ts';
import { type HookId, hookEvents, presenceEvents } from '../wire/hook.ts';
import { type ClientPath, parsePath } from '../wire/path.ts';
import { err, ok } from '../wire/result.ts';
import { groupText, parsed } from '../wire/schema.ts';
import { parseSocketId, type SocketId } from '../wire/socket-id.ts';

/** What the local gateway keeps in its store, as JSON. Whatever does not fit its schema was not written by it. */

/** A message that came while hooks of its socket waited to be tried again. Its own hook was not tried yet. */
export interface WaitingArrival {
  readonly kind: 'message';
  readonly socket: SocketId;
  readonly id: string;
  readonly body: string;
  /** When it came, in milliseconds since 1970. */
  readonly time: number;
}

/** A hook that waits for its turn. */
export type StoredHook = WaitingArrival | RetryTask;

const socket = v.pipe(
  v.string(),
  parsed<SocketId>((text) => {
    const id = parseSocketId(text);
    return id === undefined ? err('no socket id') : ok(id);
  }),
);
const path = v.pipe(v.string(), parsed<ClientPath>(parsePath));
const letterId = v.pipe(
  v.string(),
  parsed<DeadLetterId>((text) => {
    const id = parseDeadLetterId(text);
    return id === undefined ? err('no id of a dead letter') : ok(id);
  }),
);
const hookId = v.custom<HookId>(
  (value) => typeof value === 'string' && /^(?:handshake|message|closed|joined|left)_/.test(value),
);

const hook = v.object({
  event: v.picklist(hookEvents),
  id: hookId,
  socket,
  body: v.string(),
  path,
  query: v.string(),
  user: v.string(),
  state: v.string(),
  origin: v.string(),
  groups: v.array(groupText),
  code: v.string(),
  reason: v.string(),
  time: v.number(),
  clientHeaders: v.record(v.string(), v.string()),
  presence: v.exactOptional(v.object({ group: groupText, sequence: v.number() })),
});

const storedHook = v.variant('kind', [
  v.object({
    kind: v.literal('retry'),
    socket,
    hook,
    groupsVersion: v.number(),
    tries: v.object({ since: v.number(), attempts: v.number(), errors: v.number() }),
    dueAt: v.number(),
    waiting: v.exactOptional(v.picklist(['away', 'held'])),
  }),
  v.object({ kind: v.literal('message'), socket, id: v.string(), body: v.string(), time: v.number() }),
]);

const end = v.exactOptional(v.object({ code: v.number(), reason: v.string(), time: v.number() }));

/** The record of a socket in a store of version 1. */
const record = v.object({
  socket,
  status: v.picklist(['opening', 'accepted', 'open', 'closing']),
  path,
  query: v.string(),
  user: v.string(),
  state: v.string(),
  origin: v.string(),
  groups: v.array(groupText),
  groupsVersion: v.number(),
  openedAt: v.number(),
  acceptedAt: v.number(),
  leaseUntil: v.number(),
  attempts: v.number(),
  end,
});

/** A record as it is written: what is empty or 0 is left out. It is `open` unless it has ended. */
const writtenRecord = v.object({
  socket,
  path,
  openedAt: v.number(),
  query: v.optional(v.string(), ''),
  user: v.optional(v.string(), ''),
  state: v.optional(v.string(), ''),
  origin: v.optional(v.string(), ''),
  groups: v.optional(v.array(groupText), []),
  groupsVersion: v.optional(v.number(), 0),
  acceptedAt: v.optional(v.number(), 0),
  leaseUntil: v.optional(v.number(), 0),
  attempts: v.optional(v.number(), 0),
  end,
});

const letter = v.object({
  id: letterId,
  hook,
  groupsVersion: v.number(),
  attempts: v.number(),
  why: v.string(),
  diedAt: v.number(),
});

const telling = v.object({
  event: v.picklist(presenceEvents),
  socket,
  path,
  time: v.number(),
  rounds: v.number(),
});
const presence = v.object({
  group: groupText,
  subject: v.custom<Subject>((value) => typeof value === 'string' && /^[su]:/.test(value)),
  told: v.optional(telling),
  telling: v.optional(telling),
  sequence: v.number(),
});

/** What the store keeps of a subject in a group. */
export type StoredPresence = PresenceKey & PresenceState;

/** Writes a value for the store. */
export function write(value: StoredHook | DeadLetter | StoredPresence): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** Writes the number of a hook of presence. */
export function writeSequence(sequence: number): Uint8Array {
  return Buffer.from(String(sequence));
}

/** Reads such a number. Throws if it is none. */
export function readSequence(bytes: Uint8Array): number {
  return v.parse(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), json(bytes));
}

/** Reads a hook. Throws if it is none. */
export function readHook(bytes: Uint8Array): StoredHook {
  return v.parse(storedHook, json(bytes));
}

/** Writes a record as a part of a chunk. A socket costs one such text, so most of it is left out. */
export function recordText(record: SocketRecord): string {
  const { socket, path, openedAt, query, user, state, origin, groups } = record;
  const { groupsVersion, acceptedAt, leaseUntil, attempts, end } = record;
  const written: Partial<Writable<SocketRecord>> = { socket, path, openedAt };
  if (query !== '') written.query = query;
  if (user !== '') written.user = user;
  if (state !== '') written.state = state;
  if (origin !== '') written.origin = origin;
  if (groups.length > 0) written.groups = groups;
  if (groupsVersion > 0) written.groupsVersion = groupsVersion;
  if (acceptedAt > 0) written.acceptedAt = acceptedAt;
  if (leaseUntil > 0) written.leaseUntil = leaseUntil;
  if (attempts > 0) written.attempts = attempts;
  if (end !== undefined) written.end = end;
  return JSON.stringify(written);
}

type Writable<Read> = { -readonly [Key in keyof Read]: Read[Key] };

/** Reads the records of a chunk, in order. Throws if it is none. */
export function readRecords(bytes: Uint8Array): readonly SocketRecord[] {
  const records = v.parse(v.array(writtenRecord), json(bytes));
  return records.map((read) => ({ ...read, status: read.end === undefined ? 'open' : 'closing' }));
}

/** Reads the record of a socket in a store of version 1. Throws if it is none. */
export function readRecord(bytes: Uint8Array): SocketRecord {
  return v.parse(record, json(bytes));
}

/** Reads a dead letter. Throws if it is none. */
export function readLetter(bytes: Uint8Array): DeadLetter {
  return v.parse(letter, json(bytes));
}

/** Reads what was told of a subject in a group. Throws if it is nothing such. */
export function readPresence(bytes: Uint8Array): StoredPresence {
  return v.parse(presence, json(bytes));
}

function json(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString());
}
