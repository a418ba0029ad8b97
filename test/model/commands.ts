import fc from 'fast-check';
import type { MessageFailure } from '../../functions/gateway/gateway.ts';
import { type Mood, moods, type Wish, wishes } from './model-app.ts';

/** Which call to the world a process dies at, counted from the command, and whether that call has its effect. */
export interface Kill {
  readonly calls: number;
  readonly when: 'before' | 'after';
}

/** Something that happens. A client is named by how many have come after it, modulo how many there are. */
export type Command =
  /** `waits`: nothing else happens before it is in. */
  | { readonly do: 'connect'; readonly waits: boolean }
  | { readonly do: 'talk'; readonly client: number; readonly wish: Wish; readonly times: number }
  | { readonly do: 'close' | 'vanish' | 'app closes' | 'app sends'; readonly client: number }
  /** `admits`: handshakes are accepted all the same. */
  | { readonly do: 'mood'; readonly mood: Mood; readonly admits: boolean }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'replay' }
  | (Kill & { readonly do: 'kill'; readonly downMs: number });

/** How much time a command takes, in milliseconds. */
export function durationOf(command: Command | { readonly do: string }): number {
  if ('ms' in command) return command.ms;
  return 'waits' in command && command.waits ? 50 : 0;
}

/** What a world is made from: the chance that comes with a play, and a setting of the gateway. */
export interface Setup {
  readonly seed: number;
  readonly messageFailure: MessageFailure;
}

/** A play: what happens, and in which world. */
export interface Schedule<Extra = never> extends Setup {
  readonly commands: readonly (Command | Extra)[];
}

/** The longest time that a gateway is down, in milliseconds: longer than the hours of a message. */
export const longestDownMs = 28_800_000;

const client = fc.constantFrom(0, 0, 0, 1, 1, 2, 3);
const downMs = fc.constantFrom(1, 50, 5_000, 400_000, longestDownMs);

const usual: fc.WeightedArbitrary<Command>[] = [
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('connect' as const),
      waits: fc.constantFrom(true, true, true, false),
    }),
  },
  {
    weight: 16,
    arbitrary: fc.record({
      do: fc.constant('talk' as const),
      client,
      wish: fc.constantFrom(...wishes),
      times: fc.constantFrom(1, 1, 2, 3, 6),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('close' as const, 'vanish' as const, 'app closes' as const, 'app sends' as const),
      client,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('mood' as const),
      mood: fc.constantFrom('up' as const, 'up' as const, ...moods),
      admits: fc.constantFrom(true, true, false),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(0, 1, 10, 30, 100, 1_000, 4_000, 11_000, 60_000, 600_000, 7_200_000),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ do: 'replay' }) },
];

/** Deaths, for schedules that have some. */
const kill: fc.WeightedArbitrary<Command> = {
  weight: 3,
  arbitrary: fc.record({
    do: fc.constant('kill' as const),
    calls: fc.nat(12),
    when: fc.constantFrom('before' as const, 'after' as const),
    downMs,
  }),
};

/** Schedules of these commands, of them and others, and of deaths besides. */
export function schedules<Extra>(
  others: readonly fc.WeightedArbitrary<Extra>[],
): fc.Arbitrary<Schedule<Extra>> {
  const of = (commands: readonly fc.WeightedArbitrary<Command | Extra>[]) =>
    fc.record({
      seed: fc.nat(2 ** 31),
      messageFailure: fc.constantFrom('retry' as const, 'retry' as const, 'drop' as const, 'close' as const),
      commands: fc.array(fc.oneof(...commands), { maxLength: 40, size: 'max' }),
    });
  return fc.oneof(of(usual), of([...usual, ...others]), of([...usual, ...others, kill]));
}
