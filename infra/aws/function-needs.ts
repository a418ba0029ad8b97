import type { SecretName } from './gateway-secrets.ts';
import { timeouts } from './timeouts.ts';

/** The size of one function, and everything that it may do: its role allows nothing else. */
export interface FunctionNeeds {
  readonly description: string;
  /** In seconds. */
  readonly timeout: number;
  /** In MB, unless the user sets it. CPU grows with it. */
  readonly memoryMb: number;
  /** Actions on the table of sockets, without the prefix `dynamodb:`. */
  readonly table?: readonly string[];
  /** Actions on the table of groups, without the prefix `dynamodb:`. */
  readonly groups?: readonly string[];
  /** Whether it queries sockets by an index. */
  readonly indexes?: true;
  /** Actions on the table of broadcasts and idempotency keys, without the prefix `dynamodb:`. */
  readonly broadcasts?: readonly string[];
  /** Actions on the item of the circuit breaker, without the prefix `dynamodb:`. */
  readonly breaker?: readonly string[];
  /** Actions on the items of who is in which group, without the prefix `dynamodb:`. Only if the app wants to know of that. */
  readonly presences?: readonly string[];
  /** Actions on the table of dead letters, without the prefix `dynamodb:`. */
  readonly deadLetters?: readonly string[];
  /** Actions on the records of ended sockets in the same table, without the prefix `dynamodb:`. */
  readonly endedSockets?: readonly string[];
  /** Actions on the queue of tasks, without the prefix `sqs:`. */
  readonly queue?: readonly string[];
  /** Actions on the queue of presence, without the prefix `sqs:`. There is one only if the app wants to know of that. */
  readonly presenceTasks?: readonly string[];
  /** Actions on the queue of batches, without the prefix `sqs:`. */
  readonly batches?: readonly string[];
  /** Actions on the queue of retries, without the prefix `sqs:`. */
  readonly retries?: readonly string[];
  /** Actions on the queue of dead retries, without the prefix `sqs:`. */
  readonly deadRetries?: readonly string[];
  /** Methods of @connections. */
  readonly connections?: readonly ('POST' | 'GET' | 'DELETE')[];
  readonly secrets?: readonly SecretName[];
}

const send = ['SendMessage'] as const;
/** Consumes a queue. */
const receive = ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes', 'ChangeMessageVisibility'] as const;
/** Consumes a queue, and queues what is left. */
const consume = [...send, ...receive] as const;
/** Keeps the hooks that the app refuses. */
const keep = ['PutItem'] as const;
/** Posts hooks, unless the circuit breaker holds them. */
const posts = ['GetItem', 'PutItem'] as const;
const directory = ['Scan', 'BatchGetItem'] as const;
/** Joins and leaves. */
const changes = ['PutItem', 'DeleteItem'] as const;
/** Finds the sockets of a group, and deletes the items of those that are not in it. */
const members = ['Query', 'DeleteItem'] as const;
/** Keeps idempotency keys. */
const keys = ['GetItem', 'PutItem', 'UpdateItem'] as const;
/** Notes who leaves a group. */
const departures = ['UpdateItem'] as const;
const { waited } = timeouts;

/**
 * Memory, and with it CPU, as `npm run bench -- lambda` measured it. A function that waits for the app is billed while
 * it waits, and more CPU does not make it faster once it is warm. A function that posts to many sockets is always busy:
 * with four times the CPU it takes about a quarter of the time.
 */
const memory = { waiting: 256, posting: 1_024, sweeping: 512 } as const;

/** Every function by the name of its file under `functions/`. */
export const functionNeeds = {
  connect: {
    description: 'A client connects, and the app decides',
    timeout: waited,
    memoryMb: memory.waiting,
    table: ['PutItem', 'GetItem', 'UpdateItem', 'DeleteItem'],
    groups: changes,
    breaker: posts,
    presences: departures,
    presenceTasks: send,
    queue: send,
    secrets: ['webhookSecrets', 'urlKeys'],
  },
  default: {
    description: 'A client sent a message',
    timeout: waited,
    memoryMb: memory.waiting,
    table: ['GetItem', 'UpdateItem'],
    groups: changes,
    breaker: posts,
    presences: departures,
    presenceTasks: send,
    deadLetters: keep,
    endedSockets: ['GetItem'],
    queue: send,
    retries: send,
    // Lambda sends it what it gives up, with the rights of the function.
    deadRetries: send,
    connections: ['POST', 'DELETE'],
    secrets: ['webhookSecrets'],
  },
  disconnect: {
    description: 'A connection has ended',
    timeout: waited,
    memoryMb: memory.waiting,
    table: ['GetItem', 'UpdateItem', 'DeleteItem'],
    groups: ['DeleteItem'],
    breaker: posts,
    presences: ['GetItem', ...departures],
    presenceTasks: send,
    deadLetters: keep,
    queue: send,
    secrets: ['webhookSecrets'],
  },
  send: {
    description: 'POST /send',
    timeout: waited,
    memoryMb: memory.posting,
    table: ['GetItem', 'UpdateItem'],
    broadcasts: keys,
    queue: send,
    connections: ['POST'],
    secrets: ['apiKeys'],
  },
  broadcast: {
    description: 'POST /broadcast, GET and DELETE of one that goes on',
    timeout: waited,
    memoryMb: memory.posting,
    table: ['GetItem', 'UpdateItem', ...directory],
    groups: members,
    broadcasts: [...keys, 'Query'],
    indexes: true,
    queue: send,
    connections: ['POST'],
    secrets: ['apiKeys'],
  },
  urls: {
    description: 'POST /urls',
    timeout: waited,
    memoryMb: memory.waiting,
    secrets: ['apiKeys', 'urlKeys'],
  },
  sockets: {
    description: 'GET /sockets, GET and DELETE of one',
    timeout: waited,
    memoryMb: memory.waiting,
    table: ['GetItem', 'UpdateItem', ...directory],
    groups: members,
    indexes: true,
    queue: send,
    connections: ['DELETE'],
    secrets: ['apiKeys'],
  },
  groups: {
    description: 'Sockets and users of a group, PUT and DELETE of one socket',
    timeout: waited,
    memoryMb: memory.waiting,
    table: ['GetItem', 'UpdateItem', 'BatchGetItem'],
    groups: ['Query', ...changes],
    presences: departures,
    presenceTasks: send,
    secrets: ['apiKeys'],
  },
  'dead-letters': {
    description: 'Dead letters: GET, DELETE, and POST to replay them',
    timeout: waited,
    memoryMb: memory.waiting,
    deadLetters: ['GetItem', 'Query', 'DeleteItem'],
    queue: send,
    retries: send,
    secrets: ['apiKeys'],
  },
  health: {
    description: 'GET /health, the descriptions of the API, and requests for unknown calls',
    timeout: waited,
    memoryMb: memory.waiting,
    breaker: ['GetItem'],
  },
  tasks: {
    description: 'Queued tasks',
    timeout: timeouts.tasks,
    memoryMb: memory.posting,
    table: ['GetItem', 'UpdateItem', 'DeleteItem', ...directory],
    groups: members,
    broadcasts: ['GetItem', 'PutItem', 'UpdateItem'],
    breaker: posts,
    deadLetters: ['GetItem', 'Query', 'DeleteItem', ...keep],
    indexes: true,
    queue: consume,
    presenceTasks: consume,
    batches: send,
    retries: send,
    connections: ['POST', 'DELETE'],
    secrets: ['webhookSecrets'],
  },
  batches: {
    description: 'Batches of broadcasts',
    timeout: timeouts.batches,
    memoryMb: memory.posting,
    table: ['GetItem', 'UpdateItem'],
    broadcasts: ['GetItem', 'UpdateItem'],
    queue: send,
    batches: consume,
    connections: ['POST'],
  },
  retries: {
    description: 'Hooks that are tried again',
    timeout: timeouts.retries,
    memoryMb: memory.waiting,
    table: ['GetItem', 'UpdateItem'],
    groups: changes,
    breaker: posts,
    presences: departures,
    presenceTasks: send,
    deadLetters: keep,
    queue: send,
    retries: consume,
    connections: ['POST', 'DELETE'],
    secrets: ['webhookSecrets'],
  },
  redrive: {
    description:
      'Keeps as dead letters the retries that no worker could finish, and messages that Lambda gave up',
    timeout: timeouts.redrive,
    memoryMb: memory.waiting,
    table: ['GetItem'],
    deadLetters: keep,
    endedSockets: ['GetItem'],
    deadRetries: receive,
  },
  sweep: {
    description: 'Finds unfinished work',
    timeout: timeouts.sweep,
    memoryMb: memory.sweeping,
    table: ['GetItem', 'UpdateItem', 'Scan'],
    queue: send,
    connections: ['GET'],
  },
} as const satisfies Readonly<Record<string, FunctionNeeds>>;

/** The name of a function. */
export type FunctionName = keyof typeof functionNeeds;
