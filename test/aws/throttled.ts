import type { Interference, Passage, Wires } from './wires.ts';

/** What DynamoDB answers when there are too many requests. */
export function tooMany(
  type: 'ProvisionedThroughputExceededException' | 'ThrottlingException',
): Interference {
  return { status: 400, json: { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'Slow down.' } };
}

/** Answers so many requests to DynamoDB as it does when there are too many; counts them. */
export function throttled(wires: Wires, times: number, isIt: (passage: Passage) => boolean = () => true) {
  let struck = 0;
  wires.meddler = {
    before: (passage) => {
      if (passage.service !== 'dynamodb' || struck >= times || !isIt(passage)) return undefined;
      struck += 1;
      return tooMany(struck % 2 === 0 ? 'ProvisionedThroughputExceededException' : 'ThrottlingException');
    },
  };
  return { struck: () => struck };
}

/** Whether a request is for the table of groups. */
export function isForGroups({ service, body }: Passage): boolean {
  return service === 'dynamodb' && /"sockets-\d+-groups"/.test(body);
}

/**
 * The limit of one partition key of the table of groups. DynamoDB Developer Guide, "Designing partition keys": 1,000
 * write units a second for a key. What is over it is throttled. It is a bucket that fills evenly and holds the units of a
 * second.
 */
export class PartitionLimit {
  readonly #perSecond: number;
  readonly #first: number;
  readonly #buckets = new Map<string, { left: number; at: number }>();
  /** How many writes were throttled. */
  struck = 0;

  /** `seconds` is what the bucket of a key holds before its first write. Less than nothing if a wave has just come. */
  constructor(perSecond: number, seconds = 0) {
    this.#perSecond = perSecond;
    this.#first = seconds * perSecond;
  }

  /** Throttles a write that is over the limit. */
  readonly before = (passage: Passage): Interference | undefined => {
    if (!isForGroups(passage) || passage.operation === 'Query') return undefined;
    const { Key, Item } = JSON.parse(passage.body);
    if (this.#takes((Key ?? Item).group.S)) return undefined;
    this.struck += 1;
    return tooMany('ProvisionedThroughputExceededException');
  };

  #takes(key: string): boolean {
    const now = performance.now();
    const bucket = this.#buckets.get(key) ?? { left: this.#first, at: now };
    const filled = bucket.left + ((now - bucket.at) * this.#perSecond) / 1_000;
    const left = Math.min(this.#perSecond, filled);
    this.#buckets.set(key, { left: left < 1 ? left : left - 1, at: now });
    return left >= 1;
  }
}
