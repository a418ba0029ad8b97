import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../support/client.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';
import { Scrape } from '../support/scrape.ts';
import { installed } from './generator.ts';

interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly [name: string, labels: Readonly<Record<string, string>>, value: number][];
}

let world: LocalWorld;
let scrape: Scrape;
let families: readonly Family[];
beforeAll(async () => {
  const python = await installed('prometheus/bin/python');
  world = await startLocal();
  const client = await connect(`${world.url}/room`);
  client.send('hello');
  await world.app.hook('/room', 'message');
  scrape = await Scrape.of(world);
  families = JSON.parse(
    execFileSync(python, [resolve('test/clients/read_metrics.py')], { input: scrape.text, encoding: 'utf8' }),
  );
});
afterAll(() => world?.stop());

test('the parser of Prometheus finds every metric, with its type and a help', () => {
  expect(scrape.types.size).toBeGreaterThan(20);
  // A counter's family has the name without the suffix.
  const found = families.map(({ name, type }) => [type === 'counter' ? `${name}_total` : name, type]);
  expect(found.sort()).toEqual([...scrape.types].sort());
  for (const { name, help } of families) expect(help, name).toMatch(/\.$/);
});

test('the parser of Prometheus finds each value, and no two for the same labels', () => {
  const series = families.flatMap(({ samples }) =>
    samples.map(([name, labels]) => JSON.stringify([name, labels])),
  );
  expect(new Set(series).size).toBe(series.length);
  expect(series).toHaveLength(scrape.text.split('\n').filter((line) => /^sockethook_/.test(line)).length);
  for (const { samples } of families)
    for (const [name, labels, value] of samples)
      expect(value, `${name} ${JSON.stringify(labels)}`).toBeGreaterThanOrEqual(0);
});

test('the buckets of the histogram grow up to the count', () => {
  const { samples = [] } = families.find(({ type }) => type === 'histogram') ?? {};
  for (const event of ['handshake', 'message', 'closed', 'joined', 'left']) {
    const own = samples.filter(([, labels]) => labels['event'] === event);
    const buckets = own.filter(([name]) => name.endsWith('_bucket')).map(([, , value]) => value);
    expect(buckets, event).toEqual([...buckets].sort((one, other) => one - other));
    expect(buckets.at(-1), event).toBe(own.find(([name]) => name.endsWith('_count'))?.[2]);
  }
  expect(samples.find(([name, { event }]) => name.endsWith('_count') && event === 'handshake')?.[2]).toBe(1);
});
