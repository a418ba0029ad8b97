import { everyOutcome, type Outcome } from '../../gateway/deliver/outcome.ts';
import type { KeptAnswer, Outcomes } from '../../gateway/idempotency.ts';
import { parseSocketId, type SocketId } from '../../wire/socket-id.ts';
import { type Attribute, type Item, texts } from './attribute.ts';
import { numberIn, textIn } from './item.ts';

/** The key of a call in the table of broadcasts, whose own ids have no `#`. */
export function keyOfCall(call: string): Item {
  return { broadcast: { S: `key#${call}` }, part: { S: 'call' } };
}

/**
 * Outcomes as an attribute: a text for each outcome, with the ids behind it, all divided by spaces. Of 1,000 sockets with
 * ids of API Gateway it has 17 KB, and 130 KB with the longest ids, of the 400 KB that an item may have.
 */
export function outcomesAttribute(outcomes: Outcomes): Attribute {
  const socketsOf = new Map<Outcome, string[]>();
  for (const [socket, outcome] of outcomes) {
    const sockets = socketsOf.get(outcome);
    if (sockets === undefined) socketsOf.set(outcome, [outcome, socket]);
    else sockets.push(socket);
  }
  return texts([...socketsOf.values()].map((words) => words.join(' ')));
}

/** Reads the outcomes of a call. */
export function outcomesIn(item: Item): Outcomes {
  const outcomes = new Map<SocketId, Outcome>();
  for (const { S } of item['outcomes']?.L ?? []) {
    const [name, ...sockets] = S.split(' ');
    const outcome = everyOutcome.find((each) => each === name);
    for (const socket of sockets.flatMap((id) => parseSocketId(id) ?? []))
      if (outcome !== undefined) outcomes.set(socket, outcome);
  }
  return outcomes;
}

/** The answer to a call. Undefined while there is none. */
export function answerIn(item: Item): KeptAnswer | undefined {
  if (item['status'] === undefined) return undefined;
  return { status: numberIn(item, 'status'), body: textIn(item, 'body'), location: item['location']?.S };
}
