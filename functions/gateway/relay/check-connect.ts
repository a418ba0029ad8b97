import { isAllowedOrigin } from '../../wire/client-headers.ts';
import type { GroupName } from '../../wire/group.ts';
import type { ClientPath } from '../../wire/path.ts';
import { type Problem, problem } from '../../wire/problems.ts';
import { err, ok, type Result } from '../../wire/result.ts';
import { type Ticket, verifyTicket } from '../../wire/ticket.ts';
import type { Gateway } from '../gateway.ts';
import type { ConnectRequest } from './connect-request.ts';

/** A client that passed the checks: its path, query and user, and the groups of its ticket. */
export interface AdmittedClient {
  readonly path: ClientPath;
  readonly query: string;
  readonly user: string;
  readonly groups: readonly GroupName[];
}

/** Checks a client's origin, path and ticket, before any hook is posted. */
export async function checkConnect(
  gateway: Gateway,
  request: ConnectRequest,
): Promise<Result<AdmittedClient, Problem>> {
  const { settings } = gateway;
  if (!isAllowedOrigin(request.headers['origin'], settings.allowedOrigins))
    return err(problem('origin_refused'));
  if (!request.target.ok)
    return err(problem('invalid_path', { detail: `The URL is not allowed: ${request.target.error}.` }));
  const target = request.target.value;
  if (target.kind === 'ticket') return checkTicket(gateway, target.ticket);
  if (settings.requireTicket) return err(problem('ticket_required'));
  return ok({ path: target.path, query: target.query, user: '', groups: [] });
}

async function checkTicket(
  { secrets, clock }: Gateway,
  token: string,
): Promise<Result<AdmittedClient, Problem>> {
  const cached = await secrets.urlKeys('cached');
  let ticket: Result<Ticket, string> = await verifyTicket(token, cached, clock.now());
  if (!ticket.ok) {
    const fresh = await secrets.urlKeys('fresh');
    if (fresh !== cached) ticket = await verifyTicket(token, fresh, clock.now());
  }
  return ticket.ok
    ? ticket
    : err(problem('invalid_ticket', { detail: `The ticket is not valid: ${ticket.error}.` }));
}
