import { afterAll, beforeAll, describe } from 'vitest';
import { broadcastsToGroups } from './group-broadcasts.ts';
import { limitsOfGroups } from './group-limits.ts';
import { listsOfGroups } from './group-lists.ts';
import { closeMembers } from './group-member.ts';
import { membersOfGroups } from './group-members.ts';
import type { GatewayWorld, Subject } from './world.ts';

/** Groups: who is in them, what reaches them, what is too much, and what the HTTP API tells of them. */
export function groupsContract(subject: Subject): void {
  describe(`${subject.name}: groups`, () => {
    let world: GatewayWorld;
    beforeAll(async () => {
      // One hook takes as long as several calls.
      world = await subject.start({ HOOK_TIMEOUT_MS: '10000' });
    });
    afterAll(async () => {
      await closeMembers();
      await world.stop();
    });

    membersOfGroups(() => world);
    broadcastsToGroups(() => world);
    limitsOfGroups(() => world, subject);
    listsOfGroups(() => world);
  });
}
