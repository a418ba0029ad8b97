import { noActions } from '../../wire/actions.ts';
import type { Answer } from '../../wire/answer.ts';
import { type ClientHeaders, forwardedHeaders, offeredSubprotocols } from '../../wire/client-headers.ts';
import { hookUrl } from '../../wire/hook.ts';
import { type Problem, type ProblemCode, problem } from '../../wire/problems.ts';
import type { RefusalHeader } from '../../wire/refusal-headers.ts';
import type { Result } from '../../wire/result.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { Target } from '../../wire/target.ts';
import type { Gateway } from '../gateway.ts';
import type { SocketRecord } from '../record.ts';
import { abandon } from './abandon.ts';
import { admit, type Visit } from './admit.ts';
import { ask } from './ask.ts';
import { handshakeHook } from './hooks.ts';
import { letIn } from './let-in.ts';

/** A client that asks to be let in. */
export interface Knock {
  readonly socket: SocketId;
  readonly target: Result<Target, string>;
  readonly headers: ClientHeaders;
  /** The address of the connection. */
  readonly peer: string;
  readonly time: number;
}

/** What the client of a handshake is told. */
export type Admission =
  | { readonly kind: 'accepted'; readonly subprotocol: string | undefined }
  /** `headers`: what the app says to it, of which `refusalHeaders` makes those of the answer. */
  | {
      readonly kind: 'refused';
      readonly problem: Problem;
      readonly headers?: readonly RefusalHeader[] | undefined;
    };

/**
 * A client knocks: the app is asked while the client waits, and decides. A refusal that was received leaves no
 * trace; where the app may have accepted without our knowing, a closed hook with 1006 is owed.
 */
export async function handshake(gateway: Gateway, knock: Knock): Promise<Admission> {
  const visit = await admit(gateway, knock);
  if (!visit.ok) return { kind: 'refused', problem: visit.fault };
  const record = openingRecord(knock, visit.value);
  if (!(await gateway.registry.put(record))) return repeated(gateway, record);
  try {
    return await decide(gateway, record, await askToEnter(gateway, record, knock));
  } catch (error) {
    // The app may have let it in; if this fails too, a sweep will find the record.
    await abandon(gateway, record.socket).catch(() => undefined);
    throw error;
  }
}

/** The same knock came before, and whoever took it sees to the socket: nothing of it is this one's to touch. */
function repeated({ log }: Gateway, { socket }: SocketRecord): Admission {
  log.warn('handshake_repeated', { request: `handshake_${socket}` });
  return { kind: 'refused', problem: problem('internal_error') };
}

async function decide(gateway: Gateway, record: SocketRecord, answer: Answer): Promise<Admission> {
  switch (answer.kind) {
    case 'accepted':
      return letIn(gateway, record, answer.actions);
    case 'refused':
      await gateway.registry.remove(record.socket);
      noteRefusal(gateway, record, answer.status);
      return refuse(answer.status, answer.headers);
    case 'unwanted':
      await gateway.registry.remove(record.socket);
      noteRefusal(gateway, record, answer.status);
      return refuse(answer.status, undefined);
    case 'failed':
      if (answer.mayHaveAccepted) await abandon(gateway, record.socket);
      else await gateway.registry.remove(record.socket);
      logFailure(gateway, record, codeOf(answer.status), answer.why);
      return { kind: 'refused', problem: problem(codeOf(answer.status)), headers: answer.headers };
    case 'invalid':
      await abandon(gateway, record.socket);
      logFailure(gateway, record, 'app_failed', answer.fault.detail);
      return { kind: 'refused', problem: problem('app_failed') };
  }
}

function refuse(status: number, headers: readonly RefusalHeader[] | undefined): Admission {
  return { kind: 'refused', problem: problem('refused_by_app', { status }), headers };
}

function codeOf(status: 502 | 504): 'app_failed' | 'app_timed_out' {
  return status === 504 ? 'app_timed_out' : 'app_failed';
}

async function askToEnter(gateway: Gateway, record: SocketRecord, { headers, peer }: Knock): Promise<Answer> {
  if (!gateway.settings.hooks.has('handshake')) return { kind: 'accepted', actions: noActions };
  const hook = handshakeHook(record, forwardedHeaders(headers, peer, gateway.settings));
  return ask(gateway, hook, offeredSubprotocols(headers));
}

/** An app refuses some; one that refuses all, by a wrong secret or a wrong path, would say nothing of it. */
function noteRefusal({ log, settings }: Gateway, { path }: SocketRecord, status: number): void {
  const url = hookUrl({ event: 'handshake', path, query: '' }, settings.webhookBaseUrl);
  log.warnOnce('handshake_refused', { status, url, advice: refusalAdvice }, status);
}

const refusalAdvice =
  'if it refuses everybody, check its webhook secret and this URL; each status is told once';

function logFailure({ log }: Gateway, { socket }: SocketRecord, code: ProblemCode, why: string): void {
  log.error('handshake_failed', { request: `handshake_${socket}`, code, why });
}

function openingRecord({ socket, headers, time }: Knock, visit: Visit): SocketRecord {
  const origin = headers['origin'] ?? '';
  const untouched = { state: '', acceptedAt: 0, leaseUntil: 0, attempts: 0 };
  return { socket, status: 'opening', ...visit, ...untouched, origin, openedAt: time };
}
