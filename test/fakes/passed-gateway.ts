import type { Broadcasts } from '../../functions/gateway/broadcasts.ts';
import type { Gateway } from '../../functions/gateway/gateway.ts';
import type { Idempotency } from '../../functions/gateway/idempotency.ts';
import type { Presences } from '../../functions/gateway/presences.ts';
import { type Pass, PassedRegistry } from './passed-registry.ts';

export type { Pass } from './passed-registry.ts';

/**
 * A gateway that makes every call to the world through a pass: its stores, dead letters, connections, app, queue and
 * pauses.
 */
export function passedGateway(gateway: Gateway, pass: Pass): Gateway {
  const { registry, broadcasts, idempotency, deadLetters, presences, connections, app, tasks, clock } =
    gateway;
  return {
    ...gateway,
    registry: new PassedRegistry(registry, pass),
    broadcasts: passedBroadcasts(broadcasts, pass),
    idempotency: passedIdempotency(idempotency, pass),
    deadLetters: {
      put: (letter) => pass('put letter', () => deadLetters.put(letter)),
      get: (id) => pass('get letter', () => deadLetters.get(id)),
      list: (limit, cursor, whole) => pass('list letters', () => deadLetters.list(limit, cursor, whole)),
      remove: (id, diedAt) => pass('remove letter', () => deadLetters.remove(id, diedAt)),
    },
    presences: passedPresences(presences, pass),
    connections: {
      post: (socket, body) => pass(`post ${body}`, async () => connections.post(socket, body)),
      close: (socket, how) => pass('end', () => connections.close(socket, how)),
      has: (socket) => pass('has', () => connections.has(socket)),
    },
    app: { post: (request) => pass(`hook ${request.headers['webhook-id']}`, () => app.post(request)) },
    tasks: {
      enqueue: (task, delay) => pass(`queue ${task.kind}`, () => tasks.enqueue(task, delay)),
      enqueueBatches: (batches, delay) =>
        pass(`queue ${batches.length} batches`, () => tasks.enqueueBatches(batches, delay)),
    },
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      random: () => clock.random(),
      sleep: (ms) => pass('sleep', () => clock.sleep(ms)),
    },
  };
}

function passedBroadcasts(broadcasts: Broadcasts, pass: Pass): Broadcasts {
  return {
    create: (broadcast) => pass('create', () => broadcasts.create(broadcast)),
    get: (id) => pass('get broadcast', () => broadcasts.get(id)),
    progress: (id) => pass('progress', () => broadcasts.progress(id)),
    cancel: (id) => pass('cancel', () => broadcasts.cancel(id)),
    isCancelled: (id) => pass('is cancelled', () => broadcasts.isCancelled(id)),
    claimSegment: (id, at, forMs) => pass('claim segment', () => broadcasts.claimSegment(id, at, forMs)),
    cut: (batch, end, found) => pass('cut', () => broadcasts.cut(batch, end, found)),
    queued: (id, at, progress) => pass('queued', () => broadcasts.queued(id, at, progress)),
    claimBatch: (...given) => pass('claim batch', () => broadcasts.claimBatch(...given)),
    posted: (batch, claim, counts, isDone) =>
      pass('posted', () => broadcasts.posted(batch, claim, counts, isDone)),
  };
}

function passedIdempotency(idempotency: Idempotency, pass: Pass): Idempotency {
  return {
    claim: (call, print, forMs) => pass('claim call', () => idempotency.claim(call, print, forMs)),
    progress: (claim, outcomes) => pass('progress of call', () => idempotency.progress(claim, outcomes)),
    suspend: (claim, outcomes) => pass('suspend', () => idempotency.suspend(claim, outcomes)),
    answer: (claim, answer) => pass('answer', () => idempotency.answer(claim, answer)),
    release: (claim) => pass('release', () => idempotency.release(claim)),
  };
}

function passedPresences(presences: Presences, pass: Pass): Presences {
  return {
    lease: (key, forMs) => pass('lease presence', () => presences.lease(key, forMs)),
    set: (key, token, state) => pass('set presence', () => presences.set(key, token, state)),
    requestRecheck: (key, waited) => pass('request recheck', () => presences.requestRecheck(key, waited)),
    releaseOrRecheck: (key, token) =>
      pass('release or recheck', () => presences.releaseOrRecheck(key, token)),
    release: (key, token, postponeMs) =>
      pass('release presence', () => presences.release(key, token, postponeMs)),
    depart: (key, departure) => pass('depart', () => presences.depart(key, departure)),
    departure: (key) => pass('departure', () => presences.departure(key)),
  };
}
