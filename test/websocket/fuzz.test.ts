import { expect, test } from 'vitest';
import { exceptions, judged } from './fuzz/exceptions.ts';
import { ours } from './fuzz/ours.ts';
import type { Outcome } from './fuzz/outcome.ts';
import { Random } from './fuzz/random.ts';
import { reference } from './fuzz/reference.ts';
import { cut, maxBytes, stream } from './fuzz/streams.ts';

/** More by `FUZZ_STREAMS=200000 FUZZ_SEED=7 npx vitest run test/websocket/fuzz.test.ts`. */
const streams = Number(process.env['FUZZ_STREAMS'] ?? 4_000);
const seed = Number(process.env['FUZZ_SEED'] ?? 1);

/** The pieces as far as so many bytes. */
function upTo(chunks: readonly Buffer[], bytes: number): Buffer[] {
  let left = bytes;
  return chunks.map((chunk) => {
    const piece = chunk.subarray(0, left);
    left -= piece.length;
    return piece;
  });
}

/** Whether these are some of those, in their order, and the last of those is among them. */
function areLatest(pongs: readonly string[], pings: readonly string[]): boolean {
  let at = 0;
  const isInOrder = pongs.every((payload) => {
    at = pings.indexOf(payload, at) + 1;
    return at > 0;
  });
  return isInOrder && pongs.at(-1) === pings.at(-1);
}

/** What has come of it by the name of what it was, for the sums below. */
function kindOf({ close, told }: Outcome, exception: string | undefined): string {
  return (
    exception ?? (close === undefined ? 'open' : `${told?.code === close ? 'closed' : 'broken'} ${close}`)
  );
}

/** Puts one stream through both; how it ended. */
async function compare(random: Random): Promise<string> {
  const bytes = stream(random);
  const chunks = cut(bytes, random);
  const pausing = random.oneIn(3) ? random : undefined;
  const { exception, reference: theirs, ours: mine } = judged(bytes, maxBytes);
  const { pings, ...expected } = await reference(upTo(chunks, theirs.length), maxBytes);
  const { pongs, told, ...outcome } = ours(upTo(chunks, mine.length), maxBytes, pausing);
  const isExcepted = exception !== undefined && expected.close === undefined;
  const close = isExcepted ? exception.code : expected.close;
  expect(outcome).toEqual({ texts: expected.texts, close });
  if (!isExcepted && expected.told !== undefined) expect(told).toEqual(expected.told);
  // Section 5.5.3: the latest ping of what was read together is answered, where ws answers all.
  expect(expected.pongs).toEqual(pings.flat());
  if (pausing === undefined) expect(pongs).toEqual(pings.flatMap((all) => all.slice(-1)));
  else expect(areLatest(pongs, pings.flat())).toBe(true);
  return kindOf(expected, isExcepted ? exception.name : undefined);
}

test(
  'streams of frames, most of them right, come to what they come to in ws',
  async () => {
    const kinds = new Map<string, number>();
    for (let at = 0; at < streams; at++) {
      const own = seed * 1_000_003 + at;
      const kind = await compare(new Random(own)).catch((error: unknown) => {
        throw new Error(`FUZZ: new Random(${own}) is ${stream(new Random(own)).toString('hex')}`, {
          cause: error,
        });
      });
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    if (streams > 4_000) process.stdout.write(`${JSON.stringify(Object.fromEntries(kinds), null, 2)}\n`);
    // Each way to end was among them, often enough to mean something.
    const named = ['open', 'closed 1000', 'closed 1005', 'broken 1002', 'broken 1007', 'broken 1009'];
    for (const kind of [...named, ...exceptions.map(({ name }) => name)])
      expect([kind, (kinds.get(kind) ?? 0) >= streams / 1_000]).toEqual([kind, true]);
  },
  Math.max(20_000, streams * 5),
);
