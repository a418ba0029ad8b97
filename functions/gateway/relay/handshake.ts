import { noActions } from '../../wire/actions.ts';
import type { Answer } from '../../wire/answer.ts';
import { forwardedHeaders, offeredSubprotocols } from '../../wire/client-headers.ts';
import type { GroupName } from '../../wire/group.ts';
import { hookId, hookUrl } from '../../wire/hook.ts';
import { type ProblemCode, problem } from '../../wire/problems.ts';
import type { RefusalHeader } from '../../wire/refusal-headers.ts';
import { abandonHandshake } from '../end/abandon-handshake.ts';
import type { Gateway } from '../gateway.ts';
import type { SocketRecord } from '../record.ts';
import { acceptHandshake } from './accept-handshake.ts';
import { heldNow } from './admit.ts';
import { type AdmittedClient, checkConnect } from './check-connect.ts';
import type { ConnectRequest, HandshakeOutcome } from './connect-request.ts';
import { recordFacts } from './hook-facts.ts';
import { handshakeHook } from './hooks.ts';
import { postHook } from './post-hook.ts';

/**
 * A client connects, and waits while the app decides. A refusal leaves no trace. If the app may have accepted without
 * our knowing, a closed hook with 1006 is owed.
 */
export async function handshake(gateway: Gateway, request: ConnectRequest): Promise<HandshakeOutcome> {
  const client = await checkConnect(gateway, request);
  if (!client.ok) return { kind: 'refused', problem: client.error };
  const heldMs = gateway.settings.hooks.has('handshake') ? await heldNow(gateway) : 0;
  if (heldMs > 0) return comeBack(heldMs);
  const record = openingRecord(request, client.value);
  if (!(await gateway.registry.put(record))) return repeated(gateway, record);
  try {
    const answer = await postHandshakeHook(gateway, record, client.value.groups, request);
    return await decide(gateway, record, client.value.groups, answer);
  } catch (error) {
    // The app may have accepted. If this fails too, a sweep will find the record.
    await abandonHandshake(gateway, record.socket).catch(() => undefined);
    throw error;
  }
}

/** The same connect came before, and its run takes care of the socket. This one touches nothing. */
function repeated({ log }: Gateway, { socket }: SocketRecord): HandshakeOutcome {
  log.warn('handshake_repeated', { request: hookId('handshake', socket) });
  return { kind: 'refused', problem: problem('internal_error') };
}

async function decide(
  gateway: Gateway,
  record: SocketRecord,
  groups: readonly GroupName[],
  answer: Answer,
): Promise<HandshakeOutcome> {
  switch (answer.kind) {
    case 'accepted':
      return acceptHandshake(gateway, record, groups, answer.actions);
    case 'refused':
      await gateway.registry.remove(record.socket);
      warnOfRefusal(gateway, record, answer.status);
      return refuse(answer.status, answer.headers);
    case 'unwanted':
      await gateway.registry.remove(record.socket);
      warnOfRefusal(gateway, record, answer.status);
      return refuse(answer.status, undefined);
    case 'failed':
      if (answer.heldAfterMs !== undefined) {
        await gateway.registry.remove(record.socket);
        return comeBack(answer.retryAfter ?? 0);
      }
      if (answer.mayHaveAccepted) await abandonHandshake(gateway, record.socket);
      else await gateway.registry.remove(record.socket);
      logFailure(gateway, record, codeOf(answer.status), answer.why);
      return { kind: 'refused', problem: problem(codeOf(answer.status)), headers: answer.headers };
    case 'invalid':
      await abandonHandshake(gateway, record.socket);
      logFailure(gateway, record, 'app_failed', answer.error.detail);
      return { kind: 'refused', problem: problem('app_failed') };
  }
}

function refuse(status: number, headers: readonly RefusalHeader[] | undefined): HandshakeOutcome {
  return { kind: 'refused', problem: problem('refused_by_app', { status }), headers };
}

/** The app is away, so a client is refused without a hook. RFC 9110 section 10.2.3: whole seconds. */
function comeBack(heldMs: number): HandshakeOutcome {
  const seconds = String(Math.max(1, Math.ceil(heldMs / 1_000)));
  const detail = `The app does not answer. Try again in ${seconds} seconds.`;
  return { kind: 'refused', problem: problem('app_away', { detail }), headers: [['Retry-After', seconds]] };
}

function codeOf(status: 502 | 504): 'app_failed' | 'app_timed_out' {
  return status === 504 ? 'app_timed_out' : 'app_failed';
}

async function postHandshakeHook(
  gateway: Gateway,
  record: SocketRecord,
  groups: readonly GroupName[],
  { headers, peer }: ConnectRequest,
): Promise<Answer> {
  if (!gateway.settings.hooks.has('handshake')) return { kind: 'accepted', actions: noActions };
  const hook = handshakeHook(record, groups, forwardedHeaders(headers, peer, gateway.settings));
  return postHook(gateway, hook, { offered: offeredSubprotocols(headers) });
}

/** Warns once per status: an app that refuses everybody, because of a wrong secret or path, would not say so. */
function warnOfRefusal({ log, settings }: Gateway, { path }: SocketRecord, status: number): void {
  const url = hookUrl({ event: 'handshake', path, query: '' }, settings.webhookBaseUrl);
  log.warnOnce('handshake_refused', { status, url, advice: refusalAdvice }, status);
}

const refusalAdvice =
  'if it refuses everybody, check its webhook secret and this URL; each status is logged once';

function logFailure({ log }: Gateway, record: SocketRecord, code: ProblemCode, why: string): void {
  log.error('handshake_failed', { ...recordFacts(record, 'handshake'), code, why });
}

/** The groups of a ticket are joined when the app has accepted the handshake. */
function openingRecord({ socket, headers, time }: ConnectRequest, client: AdmittedClient): SocketRecord {
  const origin = headers['origin'] ?? '';
  const untouched = { state: '', groups: [], groupsVersion: 0, acceptedAt: 0, leaseUntil: 0, attempts: 0 };
  return { socket, status: 'opening', ...client, ...untouched, origin, openedAt: time };
}
