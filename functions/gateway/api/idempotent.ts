import { createHash } from 'node:crypto';
import { parseIdempotencyKey } from '../../wire/idempotency-key.ts';
import { limits } from '../../wire/limits.ts';
import { problem } from '../../wire/problems.ts';
import type { Journal } from '../deliver/journal.ts';
import type { Gateway } from '../gateway.ts';
import type { ClaimedCall, KeptAnswer } from '../idempotency.ts';
import { type ApiRequest, type ApiResponse, refusal } from './call.ts';
import { mediaTypeOf } from './read-body.ts';
import { StoredJournal } from './stored-journal.ts';

/** The calls that look at `Idempotency-Key`. */
export type KeyedCall = 'POST /send' | 'POST /broadcast';

/** Does a call. `source` is always the same for calls that are to be done once. */
type Run = (source: string, journal?: Journal) => Promise<ApiResponse>;

/** The longest that a caller is asked to wait, in seconds. Most calls end sooner than the claim of one that died. */
const longestWait = 5;

/**
 * Runs a call that has been read and found valid. With an `Idempotency-Key` it is done once a day for each key: a repeat
 * gets the first answer. While the first run is in progress, a repeat gets 409. If that run died or failed, a repeat goes
 * on with the sockets that have no outcome. A key that was used with other content gets 422. A call that refuses after
 * all leaves its key free.
 */
export async function idempotent(
  gateway: Gateway,
  request: ApiRequest,
  name: KeyedCall,
  run: Run,
): Promise<ApiResponse> {
  if (request.idempotencyKey === undefined) return run(request.id);
  const key = parseIdempotencyKey(request.idempotencyKey);
  if (!key.ok) return refusal(invalidKey(key.error));
  const body = await request.body();
  if (!body.ok) return refusal(body.error);
  const call = hash(`${name}\n${key.value}`);
  const fingerprint = hash(`${name}\n${mediaTypeOf(request.contentType)}\n`, body.value);
  const claimed = await gateway.idempotency.claim(call, fingerprint, gateway.policy.leaseMs);
  switch (claimed.kind) {
    case 'claimed':
      return runClaimed(gateway, request.id, claimed, run);
    case 'answered':
      return replay(claimed.answer);
    case 'running':
      return inUse(claimed.forMs);
    case 'other':
      return refusal(problem('idempotency_key_reused', { detail: reused }));
    case 'full':
      return refusal(problem('too_many_idempotency_keys', { detail: full }));
  }
}

const reused =
  'Within a day this key was used with another body or Content-Type. Take a new key for a new call.';
const full = 'Keys are kept for a day. Make the call without one, or later.';

function invalidKey(why: string) {
  const field = 'Idempotency-Key';
  return problem('invalid_field', {
    field,
    detail: `The header "${field}" ${why}.`,
    limit: limits.idempotencyKeyLength,
  });
}

async function runClaimed(
  gateway: Gateway,
  request: string,
  claimed: Extract<ClaimedCall, { kind: 'claimed' }>,
  run: Run,
): Promise<ApiResponse> {
  const { idempotency, log } = gateway;
  const { claim, source } = claimed;
  const journal = new StoredJournal(gateway, request, claimed);
  // What was done is done, and its caller has to hear of it, or of the fault that came first.
  const stored = (write: Promise<void>): Promise<void> =>
    write.catch((error: unknown) => log.error('fault', { request, why: String(error) }));
  const keepAnswer = async (answer: ApiResponse): Promise<void> => {
    try {
      await idempotency.answer(claim, keptOf(answer));
    } catch (error) {
      // A repeat need not wait until the claim ends: it goes on from the outcomes, which leave nothing to do.
      await stored(idempotency.suspend(claim, journal.outcomes));
      throw error;
    }
  };
  try {
    const answer = await run(source, journal);
    await journal.close();
    if (isKept(answer)) await stored(keepAnswer(answer));
    else if (journal.outcomes.size === 0) await stored(idempotency.release(claim));
    // An earlier run has done something, and this one nothing.
    else await stored(idempotency.suspend(claim, journal.outcomes));
    return answer;
  } catch (error) {
    await journal.close();
    await stored(idempotency.suspend(claim, journal.outcomes));
    throw error;
  }
}

/** Whether a call did something. */
function isKept({ status }: ApiResponse): boolean {
  return status === 200 || status === 202;
}

function keptOf({ status, headers, body }: ApiResponse): KeptAnswer {
  return { status, body, location: headers['Location'] };
}

function replay({ status, body, location }: KeptAnswer): ApiResponse {
  return {
    status,
    headers: {
      'Content-Type': 'application/json',
      ...(location === undefined ? {} : { Location: location }),
      'Idempotency-Replayed': 'true',
    },
    body,
  };
}

function inUse(forMs: number): ApiResponse {
  const seconds = Math.min(longestWait, Math.max(1, Math.ceil(forMs / 1_000)));
  const detail = 'The first call with this key has not been answered yet. Repeat this one later.';
  return refusal(problem('idempotency_key_in_use', { detail }), { 'Retry-After': String(seconds) });
}

function hash(text: string, bytes: Uint8Array = new Uint8Array()): string {
  return createHash('sha256').update(text).update(bytes).digest('base64url');
}
