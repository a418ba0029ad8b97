import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { rows as costRows } from '../../docs/costs.ts';
import { lambdaLog } from '../../functions/aws/lambda-log.ts';
import { parseContext } from '../../infra/aws/context.ts';
import { counted } from '../../infra/aws/metrics.ts';
import { settingNames } from '../../infra/aws/setting-rules.ts';
import { awsPage, rows } from './readme.ts';

const base = { webhookBaseUrl: 'https://app.example/websocket' };

test('the table of settings on AWS has every setting of the stack, and no other', () => {
  const unknown = parseContext({ ...base, misspelt: '1' });
  const names = unknown.ok ? [] : (/there are (.*)\./.exec(unknown.fault.join(' '))?.[1] ?? '').split(', ');
  expect(names.length).toBeGreaterThan(settingNames.size);
  const written = rows('Settings', 'setting', awsPage).map(([name]) => name);
  expect(written.sort()).toEqual(names.sort());
});

test('a default in the table is the same as leaving the setting out', () => {
  const written = rows('Settings', 'setting', awsPage).filter(([, value]) => value !== '');
  expect(written.length).toBeGreaterThan(15);
  const without = parseContext(base);
  expect(without.ok).toBe(true);
  for (const [name = '', value] of written) {
    expect([name, parseContext({ ...base, [name]: value })]).toEqual([name, without]);
  }
});

test('the table of costs is what the formula says', () => {
  const [, ...written] = [[], ...rows('What it costs', 'use', awsPage)];
  expect(written).toEqual(costRows());
});

test('the table of metrics has every metric, and the event that it counts', () => {
  const written = rows('Watching it', 'metric', awsPage).map(([metric, event]) => [metric, event]);
  expect(written.map(([metric]) => metric).sort()).toEqual([...counted].sort());
  const lines: string[] = [];
  const output = new Writable({
    write: (line, _, done) => {
      lines.push(String(line));
      done();
    },
  });
  const log = lambdaLog('a gateway', { now: () => 1 }, output);
  for (const [, event = ''] of written) log.error(event, {});
  expect(lines.map((line) => [JSON.parse(line)._aws.CloudWatchMetrics[0].Metrics[0].Name])).toEqual(
    written.map(([metric]) => [metric]),
  );
});
