import { afterAll, beforeAll, expect, test } from 'vitest';
import { problems } from '../../functions/wire/problems.ts';
import { conforms } from '../support/conform.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';
import { Scrape } from '../support/scrape.ts';
import { doc } from './page.ts';

const page = doc('operations');
let world: LocalWorld;
beforeAll(async () => {
  world = await startLocal();
});
afterAll(() => world.stop());

test('the table of metrics has each metric with its type, in their order, and no other', async () => {
  const { types } = await Scrape.of(world);
  expect(types.size).toBeGreaterThan(20);
  const written = page.rows('Metrics', 'metric').map(([name, type]) => [name, type]);
  expect(written.sort()).toEqual([...types].sort());
});

test('the outcomes of connects are those that the table names', async () => {
  const { text } = await Scrape.of(world);
  const outcomes = [...text.matchAll(/connects_total\{outcome="(\w+)"\}/g)].map(
    ([, outcome = '']) => outcome,
  );
  expect(outcomes.length).toBeGreaterThan(2);
  const codes = Object.keys(problems);
  expect(outcomes.filter((outcome) => !codes.includes(outcome))).toEqual(['accepted', 'abandoned']);
});

test('the outcomes of hooks are those that the table names', async () => {
  const { text } = await Scrape.of(world);
  const outcomes = [...text.matchAll(/hooks_total\{event="message",outcome="(\w+)"\}/g)].map(
    ([, one]) => one,
  );
  const [, , meaning = ''] =
    page.rows('Metrics', 'metric').find(([name]) => name === 'sockethook_hooks_total') ?? [];
  expect([...meaning.matchAll(/`(\w+)`/g)].map(([, one]) => one)).toEqual(['event', 'outcome', ...outcomes]);
});

test('the configuration of Prometheus scrapes the gateway', async () => {
  const [yaml = ''] = page.code('Metrics', 'yaml');
  const setting = (name: string): string => new RegExp(`^ +${name}: (.*)$`, 'm').exec(yaml)?.[1] ?? '';
  expect(yaml).toMatch(/- targets: \["127\.0\.0\.1:8080"\]/);
  expect(setting('credentials_file')).not.toBe('');
  const url = `http://127.0.0.1:${world.gateway.port}${setting('metrics_path')}`;
  const headers = { Authorization: `${setting('type')} ${world.api.key}` };
  expect((await fetch(url, { headers })).status).toBe(200);
});

test('the answer of a health check with a key is one that may be', () => {
  const [json = ''] = doc('http-api').code('Health', 'json');
  expect(() => conforms('GET', '/health', 200, 'application/json', JSON.parse(json))).not.toThrow();
});
