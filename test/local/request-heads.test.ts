import { expect, test } from 'vitest';
import { clientHeaders } from '../../infra/local/upgrade.ts';

/** The headers of an upgrade with these fields. */
function headersOf(fields: string[]) {
  return clientHeaders({ method: 'GET', target: '/', isNew: true, fields });
}

test('an upgrade of more headers than fit is read in one pass', () => {
  const fields = Array.from({ length: 15_000 }, (_, at) => [`X${at + 10_000}`, `${at}`]).flat();
  const begun = performance.now();
  const headers = headersOf(fields);
  expect(performance.now() - begun).toBeLessThan(500);
  expect([Object.keys(headers).length, headers['x24999']]).toEqual([15_000, '14999']);
});

test('lines of one header are joined in their order, whatever its name', () => {
  const headers = headersOf(['Cookie', 'a=1', '__proto__', 'x', 'cookie', 'b=2', '__PROTO__', 'y', 'A', '']);
  expect(Object.entries(headers)).toEqual([
    ['cookie', 'a=1; b=2'],
    ['__proto__', 'x, y'],
    ['a', ''],
  ]);
});
