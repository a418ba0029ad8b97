import { describe, expect, test } from 'vitest';
import type { DeadLetter, DeadLetters } from '../../../functions/gateway/dead-letters.ts';
import type { Clock } from '../../../functions/gateway/ports.ts';
import { deadLetterIdOf, parseDeadLetterId } from '../../../functions/wire/dead-letter-id.ts';
import { hookId } from '../../../functions/wire/hook.ts';
import { aHook } from '../../fakes/a-hook.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { groupName } from '../../fakes/group-names.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

/** Makes dead letters without any, which expire by this clock. */
export type MakeDeadLetters = (clock: Pick<Clock, 'now' | 'monotonic'>) => Promise<DeadLetters>;

const dayMs = 86_400_000;
/** When the usual hook happened. */
const then = aHook().time;

async function begun(make: MakeDeadLetters) {
  const clock = new ManualClock();
  const letters = await make(clock);
  const aLetter = (hook = aHook(), given: Partial<DeadLetter> = {}): DeadLetter => ({
    id: deadLetterIdOf(hook.id, hook.time),
    hook,
    groupsVersion: 3,
    attempts: 5,
    why: 'the app answered 500',
    diedAt: clock.now(),
    ...given,
  });
  const put = async (...given: Parameters<typeof aLetter>): Promise<DeadLetter> => {
    const letter = aLetter(...given);
    expect(await letters.put(letter), 'a letter').toBe('kept');
    return letter;
  };
  return { clock, letters, aLetter, put };
}

/** All pages of a list. */
async function pagesOf(letters: DeadLetters, limit: number, whole = false): Promise<DeadLetter[][]> {
  const pages: DeadLetter[][] = [];
  let cursor: string | undefined;
  do {
    const page = await letters.list(limit, cursor, whole);
    if (page === undefined) throw new Error('The cursor of a page is not valid.');
    pages.push([...page.deadLetters]);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return pages;
}

/** What every implementation of the port `DeadLetters` keeps to. */
export function deadLettersContract(name: string, make: MakeDeadLetters): void {
  describe(`${name}: a dead letter`, () => {
    test('comes back as it was kept, whatever its message says', async () => {
      const { letters, put } = await begun(make);
      const letter = await put();
      expect(await letters.get(letter.id)).toEqual(letter);
      expect(await letters.list(10, undefined, true)).toEqual({ deadLetters: [letter] });
    });

    test('of a closed hook has no message, and how its socket ended', async () => {
      const { letters, put } = await begun(make);
      const closed = { event: 'closed', id: hookId('closed', newSocket()), body: '', code: '1006' } as const;
      const hook = aHook({ ...closed, groups: [], user: '', state: '', query: '', origin: '' });
      const letter = await put({ ...hook, reason: 'Going away' });
      expect(await letters.get(letter.id)).toEqual(letter);
      expect(await letters.list(10, undefined, true)).toEqual({ deadLetters: [letter] });
    });

    test.for(['joined', 'left'] as const)('of %s has its group and its number', async (event) => {
      const { letters, put } = await begun(make);
      const presence = { group: groupName('a "lobby"'), sequence: 1_764_000_000_456 };
      const hook = {
        event,
        id: hookId(event, 'abc-1'),
        body: '',
        groups: [],
        state: '',
        query: '',
        presence,
      };
      const letter = await put(aHook(hook));
      expect(await letters.get(letter.id)).toEqual(letter);
      expect(await letters.list(10, undefined, true)).toEqual({ deadLetters: [letter] });
    });

    test('may have the longest message and the longest state', async () => {
      const { letters, put } = await begun(make);
      const letter = await put(aHook({ body: '\u0001'.repeat(131_072), state: 'x'.repeat(4_096) }));
      expect((await letters.get(letter.id))?.hook).toEqual(letter.hook);
    });

    test('is in a list without its message, unless that is asked for', async () => {
      const { letters, put } = await begun(make);
      const letter = await put();
      const bare = { ...letter, hook: { ...letter.hook, body: '' } };
      expect(await letters.list(10, undefined, false)).toEqual({ deadLetters: [bare] });
    });

    test('takes the place of one of the same hook that died earlier', async () => {
      const { clock, letters, put } = await begun(make);
      const first = await put();
      clock.set(1_000);
      const second = await put(first.hook, { attempts: 9, why: 'the app answered 501' });
      expect(second.diedAt).toBe(first.diedAt + 1_000);
      expect(await letters.list(10, undefined, true)).toEqual({ deadLetters: [second] });
      expect(await letters.get(first.id)).toEqual(second);
    });

    test('that nobody has put is unknown', async () => {
      const { letters, aLetter } = await begun(make);
      const { id } = aLetter();
      expect([await letters.get(id), await letters.remove(id)]).toEqual([undefined, false]);
      expect(await letters.list(10, undefined, true)).toEqual({ deadLetters: [] });
    });
  });

  removalContract(name, make);
  listContract(name, make);
}

function removalContract(name: string, make: MakeDeadLetters): void {
  describe(`${name}: a dead letter that is removed`, () => {
    test('is gone, and no other', async () => {
      const { letters, put } = await begun(make);
      const [letter, other] = [await put(), await put()];
      expect([await letters.remove(letter.id), await letters.remove(letter.id)]).toEqual([true, false]);
      expect(await letters.get(letter.id)).toBeUndefined();
      expect(await letters.list(10, undefined, true)).toEqual({ deadLetters: [other] });
    });

    test('as it died at a time stays if it has died again since', async () => {
      const { clock, letters, put } = await begun(make);
      const first = await put();
      clock.set(1);
      const second = await put(first.hook);
      expect(await letters.remove(first.id, first.diedAt), 'the earlier death').toBe(false);
      expect(await letters.get(first.id)).toEqual(second);
      expect(await letters.remove(first.id, second.diedAt), 'the later death').toBe(true);
      expect(await letters.get(first.id)).toBeUndefined();
    });

    test('can die again', async () => {
      const { letters, put } = await begun(make);
      const letter = await put();
      await letters.remove(letter.id);
      await put(letter.hook);
      expect(await letters.get(letter.id)).toEqual(letter);
    });
  });

  describe(`${name}: 14 days after its death`, () => {
    test.for([
      { ms: 14 * dayMs - 1, isKept: true },
      { ms: 14 * dayMs, isKept: false },
    ])('a letter is unknown, and a millisecond before it is not: $ms ms', async ({ ms, isKept }) => {
      const { clock, letters, put } = await begun(make);
      // Its hook may be older.
      const letter = await put(aHook({ time: then - dayMs }));
      clock.set(ms);
      const rest = isKept ? [letter] : [];
      expect(await letters.list(10, undefined, true)).toEqual({ deadLetters: rest });
      expect(await letters.get(letter.id)).toEqual(rest[0]);
      expect(await letters.remove(letter.id)).toBe(isKept);
    });

    test('a letter that has died again in between is kept from then on', async () => {
      const { clock, letters, put } = await begun(make);
      const { hook } = await put();
      clock.set(14 * dayMs - 1);
      const again = await put(hook);
      clock.set(1);
      expect(await letters.list(10, undefined, true)).toEqual({ deadLetters: [again] });
    });
  });
}

function listContract(name: string, make: MakeDeadLetters): void {
  describe(`${name}: a list of dead letters`, () => {
    /** Letters of an outage: some hooks happened at the same time, and they died in another order. */
    const outage = async (count: number) => {
      const world = await begun(make);
      const kept: DeadLetter[] = [];
      for (let at = 0; at < count; at++) {
        const time = then - (((at * 7) % count) >> 1) * 1_000;
        kept.push(await world.put(aHook({ time })));
      }
      const ids = kept.map(({ id }) => id).sort();
      return { ...world, ids };
    };

    test.for([1, 7, 50, 51])('is in the order of the times of their hooks, in pages of %i', async (limit) => {
      const { letters, ids } = await outage(50);
      for (const whole of [false, true]) {
        const pages = await pagesOf(letters, limit, whole);
        expect(pages.flat().map(({ id }) => id)).toEqual(ids);
        expect(pages.every((page) => page.length <= limit)).toBe(true);
        expect(pages).toHaveLength(Math.ceil(50 / limit));
      }
      const times = (await pagesOf(letters, limit)).flat().map(({ hook }) => hook.time);
      expect(times).toEqual(times.toSorted((one, other) => one - other));
    });

    test('goes on behind a letter that was removed in between', async () => {
      const { letters, ids } = await outage(10);
      const page = await letters.list(4, undefined, false);
      const last = parseDeadLetterId(ids[3] ?? '');
      if (last === undefined) throw new Error('There is no fourth letter.');
      await letters.remove(last);
      const rest = await letters.list(10, page?.cursor, false);
      expect(rest?.deadLetters.map(({ id }) => id)).toEqual(ids.slice(4));
    });

    test('leaves out those that have expired, wherever they stand', async () => {
      const { clock, letters, put, ids } = await outage(30);
      clock.set(14 * dayMs);
      const early = await put(aHook({ time: then - dayMs }));
      const late = await put(aHook({ time: then + dayMs }));
      expect(ids).toHaveLength(30);
      const pages = await pagesOf(letters, 1);
      expect(pages.flat().map(({ id }) => id)).toEqual([early.id, late.id]);
    });

    test.for(['', 'x', `${'0'.repeat(9)}-${'a'.repeat(21)}`, 'a'.repeat(10_000)])(
      'has no page at a cursor that is none: %#',
      async (cursor) => {
        const { letters } = await outage(1);
        expect(await letters.list(10, cursor, false)).toBeUndefined();
      },
    );
  });
}
