import { deadLetter } from '../dead-letters.ts';
import type { Gateway } from '../gateway.ts';
import { hookFacts } from './hook-facts.ts';
import { messageHook } from './hooks.ts';
import { endedRecord } from './late-messages.ts';
import type { ClientMessage } from './message.ts';

/**
 * Keeps a message as a dead letter that waited in a queue until it was given up: none of the functions that were to
 * post its hook finished, or none could run. `runs` is how many there were, if that is known.
 */
export async function redriveMessage(
  gateway: Gateway,
  arrival: ClientMessage,
  why: string,
  runs: number,
): Promise<void> {
  const { registry, settings, deadLetters, clock, log } = gateway;
  if (!settings.hooks.has('message')) return;
  const record = (await registry.get(arrival.socket)) ?? (await endedRecord(gateway, arrival));
  if (record === undefined) return;
  const hook = messageHook(record, arrival);
  const tries = { since: arrival.time, attempts: runs, errors: 0 };
  const { groupsVersion } = record;
  const letter = deadLetter({ hook, groupsVersion, tries }, why, clock.now());
  if ((await deadLetters.put(letter)) === 'full')
    throw new Error('There is no room for another dead letter.');
  log.error('hook_dead', { ...hookFacts(hook), why, attempts: runs, letter: letter.id });
}
