import { createHash } from 'node:crypto';

/** Several actors that work at once, step by step. */
export interface Play {
  /** The steps that could come next. Empty when the play is over. */
  readonly choices: readonly string[];
  step(at: number): Promise<void>;
  /** Everything that decides how the play continues, and everything that `end` checks. */
  state(): Promise<unknown>;
  /** Checks the result. Throws if it is wrong. */
  end(): Promise<void>;
}

/** How much was enumerated. */
export interface Enumeration {
  /** The number of orders in which the steps can come. */
  readonly schedules: number;
  /** The number of distinct states that they lead through. */
  readonly states: number;
  /** The number of these states that are ends. */
  readonly ends: number;
}

interface State {
  readonly next: string[];
}

/** A sequence of choices still to be played, and the state before the last of them. */
interface Branch {
  readonly path: readonly number[];
  readonly from: State;
}

/**
 * Runs a play in every order in which its steps can come, depth first, each time from the beginning. Orders that lead
 * to the same state continue in the same ways, so the rest is played once and counted for each of them.
 */
export async function everySchedule(begin: () => Promise<Play>): Promise<Enumeration> {
  const states = new Map<string, State>();
  const open: Branch[] = [{ path: [], from: { next: [] } }];
  let first = '';
  let ends = 0;
  for (let branch = open.pop(); branch !== undefined; branch = open.pop()) {
    const play = await begin();
    const steps: string[] = [];
    const forward = async (at: number): Promise<void> => {
      steps.push(play.choices[at] ?? `no step ${at}`);
      await play.step(at);
    };
    const path = [...branch.path];
    for (const at of path) await forward(at);
    for (let { from } = branch; ; ) {
      const key = await keyOf(play);
      from.next.push(key);
      if (first === '') first = key;
      if (states.has(key)) break;
      from = { next: [] };
      states.set(key, from);
      for (let at = play.choices.length - 1; at > 0; at--) open.push({ path: [...path, at], from });
      if (play.choices.length === 0) {
        ends += 1;
        await check(play, steps);
        break;
      }
      path.push(0);
      await forward(0);
    }
  }
  return { schedules: countFrom(first, states, new Map()), states: states.size, ends };
}

async function check(play: Play, steps: readonly string[]): Promise<void> {
  try {
    await play.end();
  } catch (cause) {
    throw new Error(`In this order it goes wrong:\n  ${steps.join('\n  ')}\n${String(cause)}`, { cause });
  }
}

async function keyOf(play: Play): Promise<string> {
  return createHash('sha1')
    .update(JSON.stringify(await play.state()))
    .digest('base64');
}

function countFrom(key: string, states: ReadonlyMap<string, State>, known: Map<string, number>): number {
  const before = known.get(key);
  if (before !== undefined) return before;
  const next = states.get(key)?.next ?? [];
  const count = next.length === 0 ? 1 : next.reduce((sum, one) => sum + countFrom(one, states, known), 0);
  known.set(key, count);
  return count;
}
