import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { cpuMs, hold, type Means, meansHere } from './share.ts';

const here = meansHere();

test.for<Means>([...new Set([here, 'signals'] as const)])(
  'a process that is busy gets no more of a core than a Lambda of 256 MB, by %s',
  async (means) => {
    const busy = spawn(process.execPath, ['-e', 'for (;;);']);
    const pid = busy.pid ?? 0;
    const share = hold(pid, 256, means);
    const [from, begun] = [cpuMs(pid), performance.now()];
    await sleep(2_000);
    const used = (cpuMs(pid) - from) / (performance.now() - begun);
    busy.kill('SIGKILL');
    await once(busy, 'exit');
    share.release();
    // By signals it is as exact as our own timers; a tick of the count is 10 ms.
    expect(used).toBeLessThan((256 / 1_769) * (means === 'signals' ? 2 : 1.2));
    expect(used).toBeGreaterThan(0);
  },
);
