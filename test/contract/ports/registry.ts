import type { Clock, Registry } from '../../../functions/gateway/ports.ts';
import { directoryContract } from './registry-directory.ts';
import { interleavingsContract } from './registry-interleavings.ts';
import { leasesContract } from './registry-leases.ts';
import { lifecycleContract } from './registry-lifecycle.ts';
import { outboxContract } from './registry-outbox.ts';
import { stateTableContract } from './registry-state-table.ts';
import { surveyContract } from './registry-survey.ts';

/** Makes a registry without a record, whose leases go by this clock. */
export type MakeRegistry = (clock: Pick<Clock, 'now' | 'monotonic'>) => Promise<Registry>;

/** What every registry keeps to. */
export function registryContract(name: string, make: MakeRegistry): void {
  lifecycleContract(name, make);
  leasesContract(name, make);
  outboxContract(name, make);
  directoryContract(name, make);
  surveyContract(name, make);
  stateTableContract(name, make);
  interleavingsContract(name, make);
}
