import { expect, test } from 'vitest';
import { untouched } from '../../functions/gateway/breaker.ts';
import { MemoryBreaker } from '../../functions/local/memory-breaker.ts';

test('everything that waits is woken when the breaker closes, and not before', () => {
  const woken: string[] = [];
  const breaker = new MemoryBreaker([{ wake: () => woken.push('one') }, { wake: () => woken.push('two') }]);
  const open = { ...untouched, version: 2, failures: 20, openedAt: 1_764_000_000_000 };
  breaker.change({ ...untouched, version: 1, failures: 19 });
  breaker.change(open);
  breaker.change({ ...open, version: 3, probes: 1 });
  expect(woken, 'while it is open').toEqual([]);
  breaker.change({ ...untouched, version: 3 });
  expect(woken, 'after a change that was too late').toEqual([]);
  breaker.change({ ...untouched, version: 4 });
  expect(woken, 'when it closes').toEqual(['one', 'two']);
  breaker.change({ ...untouched, version: 5, failures: 1 });
  expect(woken, 'after that').toEqual(['one', 'two']);
});
