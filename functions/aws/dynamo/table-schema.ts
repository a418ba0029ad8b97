/** A secondary index of the table: its name, which is also the attribute it is keyed by. */
export interface TableIndex {
  readonly name: string;
  readonly partitionKey: string;
  readonly sortKey: string;
  readonly projection: 'KEYS_ONLY';
}

/**
 * How the table of sockets is keyed, for the stack that makes it and for the tests. Every key is text. It is billed
 * per request: a capacity set beforehand would be paid while nobody is connected.
 */
export const tableSchema = {
  partitionKey: 'socket',
  billing: 'PAY_PER_REQUEST',
  /** DynamoDB time to live: seconds since 1970; what has expired goes within days, and may be read until then. */
  timeToLive: 'expires',
  /**
   * Sorted by socket, so that a list has an order and can go on after a socket that is gone: DynamoDB orders what
   * has one partition key by its sort key alone. KEYS_ONLY: a change of status or state writes to no index.
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
