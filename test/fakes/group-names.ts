import { type GroupName, parseGroup } from '../../functions/wire/group.ts';

/** The name of a group that the test knows to be valid. */
export function groupName(text: string): GroupName {
  const name = parseGroup(text);
  if (!name.ok) throw new Error(name.error);
  return name.value;
}

/** Names of groups that the test knows to be valid. */
export function groupNames(...texts: readonly string[]): GroupName[] {
  return texts.map(groupName);
}

/** So many names of groups, all different: `prefix` and a number. */
export function groupsNamed(prefix: string, count: number): GroupName[] {
  return Array.from({ length: count }, (_, at) => groupName(`${prefix}${at}`));
}
