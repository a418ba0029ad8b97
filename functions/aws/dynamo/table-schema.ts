/** A secondary index of the table. */
export interface TableIndex {
  readonly name: string;
  readonly partitionKey: string;
  readonly sortKey: string;
  readonly projection: 'KEYS_ONLY';
}

/**
 * The keys of the table of groups, which has an item for each socket in a group. `member` begins with a short hash, so
 * that ranges of a large group are even, then has the user, so that the sockets of a user stand together, and the socket.
 */
export const groupsSchema = {
  partitionKey: 'group',
  sortKey: 'member',
  billing: 'PAY_PER_REQUEST',
  /** DynamoDB time to live: seconds since 1970. */
  timeToLive: 'expires',
} as const;

/**
 * The keys of the table of broadcasts. `part` is the broadcast itself, a sign that it was cancelled, a segment, or a batch,
 * whose keys stand together and in their order.
 */
export const broadcastsSchema = {
  partitionKey: 'broadcast',
  sortKey: 'part',
  billing: 'PAY_PER_REQUEST',
  /** DynamoDB time to live: seconds since 1970. */
  timeToLive: 'expires',
} as const;

/** The partition key of the circuit breaker in the table of broadcasts, whose own ids have no `#`. */
export const breakerKey = 'breaker#app';

/** How the partition keys of who is in which group begin in the same table. */
export const presenceKeys = 'presence#';

/** How the partition keys of the records of ended sockets begin in the table of dead letters. No other key does. */
export const endedKeys = 'ended#';

/**
 * The keys of the table of dead letters. A letter is in one of a few shards, where letters stand in their order. Its body
 * is an item of its own, in a shard of its own.
 */
export const deadLettersSchema = {
  partitionKey: 'shard',
  sortKey: 'letter',
  billing: 'PAY_PER_REQUEST',
  /** DynamoDB time to live: seconds since 1970. */
  timeToLive: 'expires',
} as const;

/**
 * The keys of the table of sockets, for the stack that creates it and for the tests. Every key is a text. The table is
 * billed per request: provisioned capacity would cost money while nobody is connected.
 */
export const tableSchema = {
  partitionKey: 'socket',
  billing: 'PAY_PER_REQUEST',
  /** DynamoDB time to live: seconds since 1970. An expired item is deleted within days, and can be read until then. */
  timeToLive: 'expires',
  /**
   * Sorted by socket, so that a list has an order and can continue after a socket that is gone: DynamoDB orders the
   * items of one partition key by their sort key alone. KEYS_ONLY: a change of status or state writes to no index.
   */
  indexes: {
    path: { name: 'pathShard', partitionKey: 'pathShard', sortKey: 'socket', projection: 'KEYS_ONLY' },
    user: { name: 'user', partitionKey: 'user', sortKey: 'socket', projection: 'KEYS_ONLY' },
  },
} as const satisfies {
  partitionKey: string;
  billing: string;
  timeToLive: string;
  indexes: Readonly<Record<string, TableIndex>>;
};
