import { describe, expect, test } from 'vitest';
import { type Breaker, type BreakerState, untouched } from '../../../functions/gateway/breaker.ts';
import { newSocket } from '../../fakes/a-record.ts';

/** Makes the breaker of one process of a new gateway, and those of the same gateway's other processes. */
export type MakeBreaker = () => Promise<{
  readonly breaker: Breaker;
  /** The breaker of another process of this gateway. Absent if there is only one process. */
  readonly another?: () => Breaker;
}>;

/** A state with everything in it. */
function openState(version: number): BreakerState {
  const sockets = Array.from({ length: 5 }, () => newSocket());
  const openedAt = 1_764_000_000_123;
  return {
    version,
    failures: 20,
    sockets,
    failingSince: openedAt - 7_000,
    openedAt,
    heldUntil: openedAt + 30_000,
    probes: 7,
  };
}

/** The next state, with nothing else in it. */
const closedState = (version: number): BreakerState => ({ ...untouched, version });

/** What every implementation of the port `Breaker` keeps to. */
export function breakerContract(name: string, make: MakeBreaker): void {
  describe(`${name}: the state of a circuit breaker`, () => {
    test('is untouched at first, and nothing was held', async () => {
      const { breaker } = await make();
      expect(await breaker.state()).toEqual(untouched);
      expect(breaker.held).toMatchObject({ hooks: 0, handshakes: 0 });
    });

    test('is what it was changed to, with everything in it', async () => {
      const { breaker } = await make();
      const to = openState(1);
      expect(await breaker.change(to)).toBe(true);
      expect(await breaker.state(), 'at once').toEqual(to);
      expect(await breaker.change(closedState(2))).toBe(true);
      expect(await breaker.state(), 'closed again').toEqual(closedState(2));
    });

    test.for([
      ['the version that it has', 2],
      ['an older version', 1],
      ['a version that leaves one out', 4],
    ] as const)('is not changed to one with %s', async ([, version]) => {
      const { breaker } = await make();
      const state = openState(2);
      await breaker.change(closedState(1));
      await breaker.change(state);
      expect(await breaker.change(closedState(version))).toBe(false);
      expect(await breaker.state()).toEqual(state);
    });

    test('is made by only one of two changes of the same state', async () => {
      const { breaker } = await make();
      const changes = [openState(1), openState(1)];
      const made = await Promise.all(changes.map((to) => breaker.change(to)));
      expect(made.filter((isMade) => isMade)).toHaveLength(1);
      expect(await breaker.state()).toEqual(changes[made.indexOf(true)]);
    });
  });

  sharedContract(name, make);
}

function sharedContract(name: string, make: MakeBreaker): void {
  describe(`${name}: the state of a circuit breaker that several processes share`, () => {
    test('is changed by only one of them at a time, and the other sees it then', async ({ skip }) => {
      const { breaker, another } = await make();
      if (another === undefined) return skip('there is only one process');
      const other = another();
      expect([await breaker.state(), await other.state()], 'both have read it').toEqual([
        untouched,
        untouched,
      ]);
      const opened = openState(1);
      expect(await breaker.change(opened), 'the first').toBe(true);
      expect(await other.change(closedState(1)), 'the second').toBe(false);
      expect(await other.state(), 'what the second sees').toEqual(opened);
      expect(await other.change(closedState(2)), 'the second again').toBe(true);
    });

    test('is the same for a process that begins later', async ({ skip }) => {
      const { breaker, another } = await make();
      if (another === undefined) return skip('there is only one process');
      const opened = openState(1);
      await breaker.change(opened);
      expect(await another().state()).toEqual(opened);
    });
  });
}
