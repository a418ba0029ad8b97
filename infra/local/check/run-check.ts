import { systemClock } from '../../../functions/node/system-clock.ts';
import type { Answer } from '../../../functions/wire/answer.ts';
import type { Hook, HookEvent } from '../../../functions/wire/hook.ts';
import type { HookFormat } from '../../../functions/wire/hook-format.ts';
import type { SigningKey } from '../../../functions/wire/signature.ts';
import type { CheckedApp } from './checked-app.ts';
import { type Pen, type Post, type Spoiler, signed, signedTwice, spoilers } from './spoil.ts';
import { isSpoiler, isTaken, type Kind, type Tried } from './tried.ts';
import { type Arrival, type RandomBytes, Visitor } from './visitor.ts';

/** What is checked, and how its hooks are written. */
export interface Subject {
  readonly app: CheckedApp;
  readonly baseUrl: string;
  readonly format: HookFormat;
  /** The hooks that the app wants. */
  readonly hooks: ReadonlySet<HookEvent>;
  readonly keys: readonly SigningKey[];
  readonly strangeKey: SigningKey;
  readonly arrival: Arrival;
  readonly random: RandomBytes;
}

/** What was tried, in order. */
export interface Run {
  readonly tried: readonly Tried[];
  /** Why not all was tried; undefined if it was. */
  readonly cut?: 'away' | 'silent' | 'interrupted';
}

const text = 'sockethook check';
/** 131,072 bytes that a form writes with three times as many, the most that a message of this size can take. */
const largeText = `${'"é'.repeat(43_690)}ok`;
const forgeries: readonly Spoiler[] = ['unsigned', 'forged', 'altered', 'late', 'early'];
const malformed: readonly Spoiler[] = ['no_time', 'no_signature', 'no_body'];
/** An app that lets this many hooks wait until the end of their time is not asked more. */
const mostSilences = 2;

/**
 * Posts the hooks of one client that comes, says a few things and goes, and among them spoiled ones in the name of the
 * same client or of another. Ends with a closed hook for each that the app may have let in, whatever came before, and
 * also after `signal`.
 */
export async function runCheck(subject: Subject, signal: AbortSignal): Promise<Run> {
  const check = new Check(subject, signal);
  await check.visit();
  const cut = check.cut;
  await check.leave();
  return { tried: check.tried, ...(cut === undefined ? {} : { cut }) };
}

class Check {
  readonly tried: Tried[] = [];
  readonly #subject: Subject;
  readonly #signal: AbortSignal;
  readonly #guest: Visitor;
  /** In whose name spoiled handshakes and closed hooks are posted: the app must not take the guest for gone. */
  readonly #impostor: Visitor;
  /** Who gets a closed hook in the end. The guest does even if it was refused: an app must bear that. */
  readonly #owed: Set<Visitor>;
  #message: Hook | undefined;

  constructor(subject: Subject, signal: AbortSignal) {
    this.#subject = subject;
    this.#signal = signal;
    this.#guest = new Visitor(subject.arrival, subject.random);
    this.#impostor = new Visitor(subject.arrival, subject.random);
    this.#owed = new Set([this.#guest]);
  }

  get cut(): Run['cut'] {
    if (this.#signal.aborted) return 'interrupted';
    if (this.tried.some(({ response }) => response.kind === 'unreachable')) return 'away';
    const silences = this.tried.filter(({ response }) => response.kind === 'timeout');
    return silences.length >= mostSilences ? 'silent' : undefined;
  }

  async visit(): Promise<void> {
    const { hooks } = this.#subject;
    const isIn = !hooks.has('handshake') || (await this.#step('handshake', 'good'));
    const talks = isIn && hooks.has('message');
    if (talks) await this.#talk();
    if (hooks.has('handshake')) await this.#steps('handshake', forgeries);
    if (hooks.has('closed')) await this.#steps('closed', forgeries);
    const last = talks ? 'message' : hooks.has('closed') ? 'closed' : 'handshake';
    if (hooks.has(last)) await this.#steps(last, [...malformed, 'elsewhere']);
  }

  async leave(): Promise<void> {
    const [first] = this.tried;
    if (!this.#subject.hooks.has('closed') || !first || first.response.kind === 'unreachable') return;
    for (const visitor of this.#owed) await this.#post('closed', 'good', visitor);
  }

  async #talk(): Promise<void> {
    if (await this.#step('message', 'good')) await this.#steps('message', ['repeated', 'rotated', 'large']);
    await this.#steps('message', forgeries);
  }

  async #steps(event: HookEvent, kinds: readonly Kind[]): Promise<void> {
    for (const kind of kinds) await this.#step(event, kind);
  }

  /** Posts a hook, unless the check has been cut. Resolves to whether the app took it. */
  async #step(event: HookEvent, kind: Kind): Promise<boolean> {
    if (this.cut !== undefined) return false;
    const isOfGuest = event === 'message' || !isSpoiler(kind);
    return isTaken(await this.#post(event, kind, isOfGuest ? this.#guest : this.#impostor));
  }

  async #post(event: HookEvent, kind: Kind, visitor: Visitor): Promise<Tried> {
    const tried = await this.#subject.app.try(event, kind, this.#write(event, kind, visitor));
    this.tried.push(tried);
    const { answer } = tried;
    if (answer.kind === 'accepted') visitor.take(answer.actions);
    if (event === 'handshake' && mayBeIn(answer)) this.#owed.add(visitor);
    return tried;
  }

  #write(event: HookEvent, kind: Kind, visitor: Visitor): Post {
    const { baseUrl, format, keys, strangeKey } = this.#subject;
    const now = systemClock.now();
    const pen: Pen = { baseUrl, format, keys, strangeKey, seconds: Math.floor(now / 1000) };
    const fresh = visitor.hook(event, now, event !== 'message' ? '' : kind === 'large' ? largeText : text);
    if (isSpoiler(kind)) return spoilers[kind](fresh, pen);
    if (kind === 'rotated') return signedTwice(fresh, pen);
    const hook = kind === 'repeated' ? (this.#message ?? fresh) : fresh;
    if (event === 'message' && kind === 'good') this.#message = hook;
    return signed(hook, pen);
  }
}

/** Whether the app may count a client as connected after this answer to its handshake. */
function mayBeIn(answer: Answer): boolean {
  if (answer.kind === 'failed') return answer.mayHaveAccepted;
  return answer.kind === 'accepted' || answer.kind === 'invalid';
}
