import type { Section, Table, Target } from '../bench/bench.ts';
import { whole } from '../bench/report/markdown.ts';
import { plot } from '../bench/report/plot.ts';
import type { Scenario } from './region.ts';
import type { Outcome } from './simulate.ts';

/** The scenarios of the first table: more and more sockets, and nothing goes wrong. */
export const sizes: readonly Scenario[] = [1_000, 10_000, 100_000, 1_000_000].map((sockets) => ({ sockets }));

/** Those of the second: what may go wrong, and with how many sockets. */
export const troubles: Readonly<Record<string, Scenario>> = {
  'nothing goes wrong': { sockets: 100_000 },
  'SQS hands out one message in ten twice': { sockets: 100_000, doubled: 0.1 },
  'one socket in fifty has gone': { sockets: 100_000, goneEvery: 50 },
  'other APIs take 8,000 a second of the account': { sockets: 100_000, otherPosts: 8_000 },
  'one worker in twenty is killed': { sockets: 100_000, crashShare: 0.05 },
};

const head = [
  'N ÷ rate, s',
  'last delivery, s',
  'ratio',
  'posts',
  'throttled',
  'duplicates',
  'runs',
  'GB-seconds',
  'dollars',
];

function cells(outcome: Outcome): string[] {
  const { lastMs, boundMs, posts, throttled, duplicates, runs, gigabyteSeconds, dollars } = outcome;
  return [
    (boundMs / 1_000).toFixed(1),
    (lastMs / 1_000).toFixed(1),
    (lastMs / boundMs).toFixed(2),
    ...[posts, throttled, duplicates, runs].map(whole),
    gigabyteSeconds.toFixed(1),
    dollars.toFixed(4),
  ];
}

/** The tables, the plots and the targets of these outcomes: one for each size, and one for each trouble. */
export function sectionOf(bySize: readonly Outcome[], byTrouble: ReadonlyMap<string, Outcome>): Section {
  const tables: Table[] = [
    {
      title: 'To more and more sockets, 6,000 a second',
      head: ['sockets', ...head],
      rows: bySize.map((outcome) => [whole(outcome.sockets), ...cells(outcome)]),
    },
    {
      title: 'To 100,000 sockets, when things go wrong',
      head: ['', ...head],
      rows: [...byTrouble].map(([what, outcome]) => [what, ...cells(outcome)]),
    },
  ];
  const targets = [
    ...bySize.slice(-1).map(
      ({ lastMs, boundMs, sockets }): Target => ({
        ...{ what: `last delivery to ${whole(sockets)} sockets ÷ lower bound`, measured: lastMs / boundMs },
        max: 1.05,
      }),
    ),
    ...promises([...bySize, ...byTrouble.values()]),
  ];
  return { tables, targets, pictures: { 'docs/broadcasts.svg': picture(bySize) } };
}

/** What holds whatever goes wrong. */
function promises(outcomes: readonly Outcome[]): Target[] {
  const most = (of: (outcome: Outcome) => number): number => Math.max(...outcomes.map(of));
  return [
    {
      what: 'broadcasts that are not done',
      measured: outcomes.filter(({ progress }) => progress.status !== 'done').length,
      max: 0,
    },
    { what: 'open sockets that got nothing', measured: most(({ open, reached }) => open - reached), max: 0 },
    {
      what: 'sockets that were found and have no outcome',
      measured: most(({ progress: { found, delivered, gone } }) => found - delivered - gone),
      max: 0,
    },
    { what: 'duplicates that no crash explains', measured: most(({ unexplained }) => unexplained), max: 0 },
    { what: 'dead batches and segments', measured: most(({ dead }) => dead), max: 0 },
    {
      what: 'posts in the busiest ten seconds',
      measured: most(({ busiest }) => busiest.tenSeconds),
      max: 60_600,
    },
    { what: 'posts in the busiest second', measured: most(({ busiest }) => busiest.second), max: 6_600 },
    { what: 'longest run ÷ its timeout', measured: most(({ share }) => share.time), max: 0.9 },
    { what: 'most memory ÷ that of the function', measured: most(({ share }) => share.memory), max: 0.9 },
  ];
}

function picture(outcomes: readonly Outcome[]): string {
  const line = (name: string, of: (outcome: Outcome) => number) => ({
    name,
    points: outcomes.map((outcome) => ({ x: outcome.sockets, y: of(outcome) })),
  });
  return plot('How long broadcasts take, by the number of sockets', [
    {
      title: 'deliveries per second',
      axis: 'sockets',
      lines: [
        line('simulated', ({ sockets, lastMs }) => (sockets / lastMs) * 1_000),
        line('the limit', ({ sockets, boundMs }) => (sockets / boundMs) * 1_000),
      ],
    },
    {
      title: 'seconds to the last delivery',
      axis: 'sockets',
      lines: [
        line('simulated', ({ lastMs }) => lastMs / 1_000),
        line('N ÷ rate', ({ boundMs }) => boundMs / 1_000),
      ],
    },
  ]);
}
