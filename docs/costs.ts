// What a gateway on AWS costs a month, by use: `node --import tsx docs/costs.ts`.
/** Prices of us-east-1, November 2026, dollars, without free tiers. */
export const price = {
  message: 1e-6, // API Gateway, each way, per 32 KB
  minute: 0.25e-6, // API Gateway, an open connection
  call: 1e-6, // HTTP API
  invocation: 0.2e-6, // Lambda
  gigabyteSecond: 13.3334e-6, // Lambda on arm64
  write: 0.625e-6, // DynamoDB, 1 KB
  read: 0.125e-6, // DynamoDB, 4 KB consistently, or 8 KB
  queued: 0.4e-6, // SQS, a request
  secret: 0.4,
  alarmedMetric: 0.1,
  logged: 0.5e-9, // CloudWatch Logs, a byte
  out: 0.09e-9, // a byte to the internet
};
const minutes = 43_200;
/** What the functions have unless it is set: what waits for the app, what posts to many, and the sweep. */
const gigabytes = { waiting: 0.25, posting: 1, sweeping: 0.5 };
const recordBytes = 300;
/** How long functions run, in seconds, besides waiting for the app. */
const seconds = {
  hook: 0.03,
  look: 0.03,
  call: 0.05,
  fanOut: 0.05,
  sweep: 0.1,
  perDelivery: 0.0002,
  segment: 1,
};
/** A broadcast to more sockets than a call reaches: its segments, its batches, and a worker's posts a second. */
const large = { from: 501, segments: 4, batch: 1_500, postsPerSecond: 1_500, postsPerCheck: 500 };
/**
 * Bytes that a run logs of itself (START, END, REPORT, and what CloudWatch adds to each line), of a message to a client,
 * and of a hook with its headers.
 */
const bytes = { logged: 400, message: 300, hook: 1_000 };
/** Bytes of a pong with the headers of TLS, TCP and IP. */
const pongBytes = 100;
const secrets = 3;
const alarmedMetrics = 30;
/** The functions that post hooks read the state of the circuit breaker: each copy of one at most so often a minute. */
const breaker = { functions: 3, readsPerMinute: 12 };
/** Those that watch Lambda's queue of messages, which itself costs nothing. */
const queueMetrics = 3;
/** Of four queues, and of one more if the app hears of presence, which has an alarm too. */
const polls = 4 * 650_000;
const presenceQueue = { polls: 650_000, alarmedMetrics: 1 };

/**
 * What presence takes besides, in units of DynamoDB and messages of SQS: for a user who comes to a group in a handshake,
 * and for one whose last socket ends. The first has a task for the case that a function dies, which finds nothing to
 * tell. While the app is away, each look at a `closed` hook is a read more for each of its groups.
 */
export const presenceUse = {
  joined: { reads: 5, writes: 6, messages: 2 },
  left: { reads: 4, writes: 5, messages: 1 },
} as const;

/**
 * How often a message that is held for an hour is queued: until the next probe, and later for an eighth to a quarter of
 * the outage so far. Messages that are due together share requests: a message takes so many of SQS each time.
 */
export const outageUse = { queued: 31, requests: { least: 1.2, most: 2.2 } } as const;

/** What happens in a month, in numbers; what is left out does not happen. */
export interface Use {
  /** Open at a time, on average. */
  readonly sockets?: number;
  readonly opened?: number;
  readonly messages?: number;
  readonly pings?: number;
  /** Messages to clients. */
  readonly delivered?: number;
  /** How long the app takes over a hook. */
  readonly hookSeconds?: number;
  /** To all, by the HTTP API. */
  readonly broadcasts?: number;
  /** Sends and broadcasts with an idempotency key. */
  readonly keyed?: number;
  /** Groups that are joined in a handshake and left at the end. */
  readonly joined?: number;
  /** Whether the app hears of presence. */
  readonly hasPresence?: boolean;
  /** Users whose coming to a group, and whose leaving it, the app hears of. */
  readonly visits?: number;
  /** Broadcasts to a group in an answer, and the sockets in such a group. */
  readonly toGroups?: number;
  readonly members?: number;
  /**
   * Messages that the app did not take at first, and how often each is queued until it does: held, but for the last
   * time.
   */
  readonly held?: number;
  readonly queued?: number;
  /** Whether Lambda queues each message first. */
  readonly queuesMessages?: boolean;
}

const uses: Readonly<Record<string, Use>> = {
  idle: {},
  '100 devices, always connected, a message and a reply a minute each': {
    sockets: 100,
    opened: 100 * 12 * 30,
    messages: 100 * minutes,
    delivered: 100 * minutes,
    hookSeconds: 0.05,
  },
  '10,000 pages, always connected, a broadcast to all each hour, a ping every 9 minutes': {
    sockets: 10_000,
    opened: 10_000 * 12 * 30,
    pings: (10_000 * minutes) / 9,
    delivered: 10_000 * 720,
    broadcasts: 720,
    hookSeconds: 0.05,
  },
  '1,000 people, 8 hours a day, a message a minute each, to a group of 10': {
    sockets: 1_000 / 3,
    opened: 1_000 * 4 * 30,
    joined: 1_000 * 4 * 30,
    messages: 1_000 * 8 * 60 * 30,
    delivered: 1_000 * 8 * 60 * 30 * 10,
    toGroups: 1_000 * 8 * 60 * 30,
    members: 10,
    hookSeconds: 0.05,
  },
  'an app that is away for an hour, and 10,000 messages that wait for it': {
    messages: 10_000,
    held: 10_000,
    queued: outageUse.queued,
    hookSeconds: 0.05,
  },
};

/** What a large broadcast to all takes: runs, units of DynamoDB, and requests of SQS. */
export function handOver(sockets: number, bytesOfRecord = recordBytes) {
  const { segments } = large;
  const batches = segments * Math.ceil(sockets / segments / large.batch);
  const scan = Math.max(segments, (sockets * bytesOfRecord) / 4_096);
  const page = (large.from * bytesOfRecord) / 4_096;
  // A worker looks whether the broadcast was cancelled when it claims its batch, and every 500 posts after that.
  const looks = Math.ceil(sockets / batches / large.postsPerCheck);
  return {
    segments,
    batches,
    // The call reads a page of each segment, and the next one of the first, before it knows that the broadcast is large.
    // Each run reads what it is about.
    reads: Math.min(scan, (segments + 1) * page) + scan + segments * 2 + batches * (1 + looks),
    // The broadcast, a segment's claim and its end, and a batch's cut, claim and counts.
    writes: 1 + segments * 2 + batches * 3,
    // Each message is sent, received and deleted.
    requests: (segments + batches) * 3,
  };
}

function run(kind: keyof typeof gigabytes, times: number, each: number): number {
  return times * (price.invocation + each * gigabytes[kind] * price.gigabyteSecond);
}

/** The price of a million deliveries by large broadcasts to so many sockets each. */
function perMillion(sockets: number) {
  const { segments, batches, reads, writes, requests } = handOver(sockets);
  const posting = batches * seconds.fanOut + sockets / large.postsPerSecond;
  const parts = {
    apiGateway: sockets * price.message + price.call,
    lambda:
      run('posting', 1, seconds.call) +
      run('posting', segments, seconds.segment) +
      run('posting', batches, posting / batches),
    dynamo: reads * price.read + writes * price.write,
    queue: requests * price.queued,
    logs: (1 + segments + batches) * bytes.logged * price.logged,
    out: sockets * bytes.message * price.out,
  };
  const dollars = Object.values(parts).map((part) => (part / sockets) * 1e6);
  return [...dollars, dollars.reduce((sum, part) => sum + part, 0)];
}

/** The rows of the table of large broadcasts, in cents. */
export function broadcastRows(): string[][] {
  return [501, 10_000, 1_000_000].map((sockets) => [
    sockets.toLocaleString('en'),
    ...perMillion(sockets).map((dollars) => dollars.toFixed(2)),
  ]);
}

/** The parts of a month's bill. */
export function month(use: Use) {
  const [parts, told] = [withoutVisits(use), visitsOf(use)];
  const all = {
    ...parts,
    lambda: parts.lambda + told.lambda,
    dynamo: parts.dynamo + told.dynamo,
    queue: parts.queue + told.queue,
    logs: parts.logs + told.logs,
    out: parts.out + told.out,
  };
  return { ...all, total: Object.values(all).reduce((sum, part) => sum + part, 0) };
}

function withoutVisits(use: Use) {
  const { sockets = 0, opened = 0, messages = 0, pings = 0, delivered = 0, hookSeconds = 0 } = use;
  const { broadcasts = 0, keyed = 0, joined = 0, toGroups = 0, members = 0, held = 0, queued = 0 } = use;
  const looks = held * queued;
  const hooks = 2 * opened + messages + held;
  const copies = breaker.functions + (hooks * (hookSeconds + seconds.hook)) / (minutes * 60);
  const scan = Math.max(4, (sockets * recordBytes) / 4_096);
  const small = { segments: 0, batches: 0, reads: scan, writes: 0, requests: 0 };
  const isLarge = sockets >= large.from;
  const each = isLarge ? handOver(sockets) : small;
  const [segments, batches] = [broadcasts * each.segments, broadcasts * each.batches];
  const posted = broadcasts * sockets;
  return {
    apiGateway:
      sockets * minutes * price.minute +
      (messages + 2 * pings + delivered) * price.message +
      broadcasts * price.call,
    lambda:
      run('waiting', hooks, hookSeconds + seconds.hook) +
      run('waiting', looks, seconds.look) +
      run('posting', toGroups, seconds.fanOut) +
      run('posting', broadcasts, seconds.call + (isLarge ? 0 : sockets * seconds.perDelivery)) +
      run('posting', segments, seconds.segment) +
      run('posting', batches, seconds.fanOut + (isLarge ? posted / batches / large.postsPerSecond : 0)) +
      run('sweeping', minutes, seconds.sweep + sockets / 30 / 100),
    dynamo:
      opened * writesOf(use) * price.write +
      // A membership is written and deleted. The record has the names, and is written anyway.
      joined * 2 * price.write +
      // The claim of a key, and the answer.
      keyed * 2 * price.write +
      // The record counts what has failed.
      held * price.write +
      messages * price.read +
      Math.min(hooks + looks, copies * breaker.readsPerMinute * minutes) * price.read +
      broadcasts * (each.reads * price.read + each.writes * price.write) +
      // One query finds the sockets of a small group, and each is read.
      toGroups * (1 + members) * price.read +
      minutes * (Math.max(16, scan) / 2) * price.read,
    // Each is sent, received and deleted.
    queue: ((toGroups + looks) * 3 + broadcasts * each.requests + pollsOf(use)) * price.queued,
    logs:
      (hooks + looks + toGroups + broadcasts + segments + batches + minutes) * bytes.logged * price.logged,
    out: (delivered * bytes.message + pings * pongBytes + hooks * bytes.hook) * price.out,
    fixed: secrets * price.secret + metricsOf(use) * price.alarmedMetric,
  };
}

/** What it takes to tell of users who come and leave. Each message of SQS is sent, received and deleted, and is a run. */
function visitsOf({ visits = 0, hookSeconds = 0 }: Use) {
  const { joined, left } = presenceUse;
  const hooks = visits * 2;
  const runs = visits * (joined.messages + left.messages);
  const writes = visits * (joined.writes + left.writes);
  const reads = visits * (joined.reads + left.reads);
  return {
    lambda: run('posting', hooks, hookSeconds + seconds.hook) + run('posting', runs - hooks, seconds.look),
    dynamo: writes * price.write + reads * price.read,
    queue: runs * 3 * price.queued,
    logs: runs * bytes.logged * price.logged,
    out: hooks * bytes.hook * price.out,
  };
}

/** What is known of a socket is kept for messages that come late. */
function writesOf({ queuesMessages = false }: Use): number {
  return queuesMessages ? 7 : 6;
}

function metricsOf({ queuesMessages = false, hasPresence = false }: Use): number {
  return (
    alarmedMetrics + (queuesMessages ? queueMetrics : 0) + (hasPresence ? presenceQueue.alarmedMetrics : 0)
  );
}

function pollsOf({ hasPresence = false }: Use): number {
  return polls + (hasPresence ? presenceQueue.polls : 0);
}

/** The rows of the table, in whole cents below 10 dollars and whole dollars above. */
export function rows(): string[][] {
  const said = (dollars: number): string => (dollars < 10 ? dollars.toFixed(2) : String(Math.round(dollars)));
  return Object.entries(uses).map(([use, of]) => [use, ...Object.values(month(of)).map(said)]);
}

if (process.argv[1]?.endsWith('costs.ts')) {
  for (const row of [...rows(), ...broadcastRows()]) process.stdout.write(`| ${row.join(' | ')} |\n`);
}
