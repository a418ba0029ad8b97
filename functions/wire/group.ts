import { limits } from './limits.ts';
import { byteLength, isPrintable } from './printable.ts';
import { err, ok, type Result } from './result.ts';

declare const brand: unique symbol;

/** The name of a group. A group exists while a socket is in it. */
export type GroupName = string & { readonly [brand]: 'GroupName' };

/** Groups to join and to leave in one step. A name that is in both lists is left. */
export interface GroupChange {
  readonly join: readonly GroupName[];
  readonly leave: readonly GroupName[];
}

/** Parses the name of a group: printable text of 1 to 256 bytes. */
export function parseGroup(text: string): Result<GroupName, string> {
  if (text === '') return err('the name of a group is not empty');
  if (byteLength(text) > limits.groupBytes)
    return err(`the name of a group is at most ${limits.groupBytes} bytes`);
  return isPrintable(text) ? ok(text as GroupName) : err('the name of a group is printable text');
}

/** Whether a socket may be in all of these groups. Their count and their bytes are limited, since its record holds them. */
export function isWithinLimits(groups: readonly GroupName[]): boolean {
  if (groups.length > limits.groups) return false;
  return groups.reduce((bytes, name) => bytes + byteLength(name), 0) <= limits.groupsBytes;
}
