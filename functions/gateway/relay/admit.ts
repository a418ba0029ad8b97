import { isAllowedOrigin } from '../../wire/client-headers.ts';
import type { ClientPath } from '../../wire/path.ts';
import { type Problem, problem } from '../../wire/problems.ts';
import { fault, ok, type Result } from '../../wire/result.ts';
import { type Ticket, verifyTicket } from '../../wire/ticket.ts';
import type { Gateway } from '../gateway.ts';
import type { Knock } from './handshake.ts';

/** Who comes in, and where to. */
export interface Visit {
  readonly path: ClientPath;
  readonly query: string;
  readonly user: string;
}

/** Decides whether a client may be asked about at all: its origin, its path, its ticket. No hook has been posted yet. */
export async function admit(gateway: Gateway, knock: Knock): Promise<Result<Visit, Problem>> {
  const { settings } = gateway;
  if (!isAllowedOrigin(knock.headers['origin'], settings.allowedOrigins))
    return fault(problem('origin_refused'));
  if (!knock.target.ok)
    return fault(problem('invalid_path', { detail: `The URL is not allowed: ${knock.target.fault}.` }));
  const target = knock.target.value;
  if (target.kind === 'ticket') return redeem(gateway, target.ticket);
  if (settings.requireTicket) return fault(problem('ticket_required'));
  return ok({ path: target.path, query: target.query, user: '' });
}

async function redeem({ secrets, clock }: Gateway, token: string): Promise<Result<Visit, Problem>> {
  const cached = await secrets.urlKeys('cached');
  let ticket: Result<Ticket, string> = await verifyTicket(token, cached, clock.now());
  if (!ticket.ok) {
    const fresh = await secrets.urlKeys('fresh');
    if (fresh !== cached) ticket = await verifyTicket(token, fresh, clock.now());
  }
  return ticket.ok
    ? ticket
    : fault(problem('invalid_ticket', { detail: `The ticket is not good: ${ticket.fault}.` }));
}
