import { directoryContract } from './registry-directory.ts';
import { failedContract } from './registry-failed.ts';
import { groupMembersContract } from './registry-group-members.ts';
import { groupsContract } from './registry-groups.ts';
import { acceptedGroupsContract } from './registry-groups-accepted.ts';
import { interleavingsContract } from './registry-interleavings.ts';
import { lateChangesContract } from './registry-late-changes.ts';
import { leasesContract } from './registry-leases.ts';
import { lifecycleContract } from './registry-lifecycle.ts';
import { outboxContract } from './registry-outbox.ts';
import { segmentsContract } from './registry-segments.ts';
import { stateTableContract } from './registry-state-table.ts';
import { surveyContract } from './registry-survey.ts';
import type { MakeRegistry } from './registry-world.ts';

/** What every registry keeps to. */
export function registryContract(name: string, make: MakeRegistry): void {
  lifecycleContract(name, make);
  leasesContract(name, make);
  outboxContract(name, make);
  directoryContract(name, make);
  segmentsContract(name, make);
  groupsContract(name, make);
  acceptedGroupsContract(name, make);
  lateChangesContract(name, make);
  groupMembersContract(name, make);
  failedContract(name, make);
  surveyContract(name, make);
  stateTableContract(name, make);
  interleavingsContract(name, make);
}
