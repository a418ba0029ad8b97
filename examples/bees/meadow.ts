import { type Change, colours } from './change.ts';

/** The bee of a visitor, as pages get it. It has no place until a page of its visitor has said where it is. */
interface Bee {
  /** The visitor's user name in tickets and hooks. */
  readonly id: string;
  name: string;
  colour: number;
  x?: number;
  y?: number;
  /** How many loops it has flown. */
  loops: number;
}

/** The most bees at once. A snapshot of them has about 20 KB. */
const mostBees = 200;
/** Of how many visitors the last presence hook is remembered. */
const mostHeard = 10_000;

const flowers =
  'Aster Bramble Clover Daisy Fern Gentian Hazel Heather Iris Juniper Linden Mallow Poppy Sage Tansy Thyme';
const names = flowers.split(' ');
const everyColour = Array.from({ length: colours }, (_, colour) => colour);

/** Who is in the meadow and where, in the memory of this process. */
export class Meadow {
  readonly #bees = new Map<string, Bee>();
  /** The sequence of the last presence hook of each visitor. An older one comes late: from a dead letter, say. */
  readonly #heard = new Map<string, number>();
  /** When the last change of each bee was sent: on AWS one message may overtake another. */
  readonly #changedAt = new Map<string, number>();
  #changed = new Set<string>();
  #gone = new Set<string>();
  #needsAll = false;
  #version = 0;

  /** Whether one more visitor has no room. */
  isFullFor(user: string): boolean {
    return this.#bees.size >= mostBees && !this.#bees.has(user);
  }

  /** A joined hook: a bee comes. */
  join(user: string, sequence: number): void {
    if (this.#isNews(user, sequence)) this.#add(user);
  }

  /** A left hook: a bee goes. */
  leave(user: string, sequence: number): void {
    if (!this.#isNews(user, sequence) || !this.#bees.delete(user)) return;
    this.#changedAt.delete(user);
    this.#changed.delete(user);
    this.#gone.add(user);
  }

  /** A visitor is here as the gateway said at a time; since then a left hook may have come. */
  find(user: string, asOf: number): void {
    if (asOf > (this.#heard.get(user) ?? 0)) this.#add(user);
  }

  /** Changes a bee. False if there is none: the app was started anew, or the joined hook is still on its way. */
  change(user: string, { loop, ...change }: Change, time: Date): boolean {
    const bee = this.#bees.get(user);
    if (bee === undefined) return false;
    if (time.getTime() < (this.#changedAt.get(user) ?? 0)) return true;
    this.#changedAt.set(user, time.getTime());
    Object.assign(bee, change);
    if (loop) bee.loops += 1;
    this.#changed.add(user);
    return true;
  }

  /** All bees, as JSON. It tells a visitor which bee is theirs. */
  snapshot(you?: string): string {
    return this.#write({ all: true, you, bees: [...this.#bees.values()] });
  }

  /** What has changed since the last call, as JSON; undefined if nothing has. */
  takeChanges(): string | undefined {
    const bees = [...this.#changed].flatMap((id) => this.#bees.get(id) ?? []);
    const gone = [...this.#gone];
    const needsAll = this.#needsAll;
    this.#changed = new Set();
    this.#gone = new Set();
    this.#needsAll = false;
    if (needsAll) return this.snapshot();
    return bees.length + gone.length === 0 ? undefined : this.#write({ bees, gone });
  }

  /** The last changes did not arrive, so all bees are the next. */
  needAll(): void {
    this.#needsAll = true;
  }

  /** Pages ignore what is older than what they have. Time makes versions grow when the app starts anew, too. */
  #write(news: object): string {
    this.#version = Math.max(this.#version + 1, Date.now());
    return JSON.stringify({ version: this.#version, ...news });
  }

  #add(user: string): void {
    if (this.#bees.has(user) || this.#bees.size >= mostBees) return;
    const luck = [...user].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 65_521, 0);
    const others = [...this.#bees.values()];
    const name =
      unlike(
        others.map((bee) => bee.name),
        names,
        luck,
      ) ?? '';
    const colour =
      unlike(
        others.map((bee) => bee.colour),
        everyColour,
        luck,
      ) ?? 0;
    this.#bees.set(user, { id: user, name, colour, loops: 0 });
    this.#gone.delete(user);
    this.#changed.add(user);
  }

  #isNews(user: string, sequence: number): boolean {
    if (sequence <= (this.#heard.get(user) ?? 0)) return false;
    this.#heard.delete(user);
    this.#heard.set(user, sequence);
    const [oldest] = this.#heard.keys();
    if (this.#heard.size > mostHeard && oldest !== undefined) this.#heard.delete(oldest);
    return true;
  }
}

/** One of the choices that nobody else has, as long as there is one. */
function unlike<T>(others: readonly T[], choices: readonly T[], luck: number): T | undefined {
  const taken = new Set(others);
  const free = choices.filter((choice) => !taken.has(choice));
  const from = free.length === 0 ? choices : free;
  return from[luck % from.length];
}
