import { type GroupChange, type GroupName, isWithinLimits } from '../wire/group.ts';

/** A change of groups that changes nothing. */
export const noGroupChange: GroupChange = { join: [], leave: [] };

/**
 * The groups of a socket after a change, in the order in which it joined them: the same list if nothing changes.
 * All or nothing: undefined if they would be too many.
 */
export function changeGroups(
  groups: readonly GroupName[],
  { join, leave }: GroupChange,
): readonly GroupName[] | undefined {
  const changed = new Set(groups);
  for (const name of join) changed.add(name);
  for (const name of leave) changed.delete(name);
  if (changed.size === groups.length && groups.every((name) => changed.has(name))) return groups;
  const names = [...changed];
  // A socket may leave groups even if it is still in too many, under a limit of an earlier version.
  const isLess = names.every((name) => groups.includes(name));
  return isLess || isWithinLimits(names) ? names : undefined;
}
