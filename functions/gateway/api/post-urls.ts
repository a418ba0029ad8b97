import * as v from 'valibot';
import { type GroupName, isWithinLimits } from '../../wire/group.ts';
import { limits } from '../../wire/limits.ts';
import { parsePathAndQuery } from '../../wire/path.ts';
import { problem } from '../../wire/problems.ts';
import { groupList, parsed, userText } from '../../wire/schema.ts';
import { mintTicket, tooManyGroups } from '../../wire/ticket.ts';
import type { Gateway } from '../gateway.ts';
import { authorized } from './authorized.ts';
import { document, refusal } from './call.ts';
import { readBody } from './read-body.ts';

/** How many groups there may be is checked before. */
const fitInTicket = Object.assign((groups: GroupName[]) => isWithinLimits(groups), {
  limit: limits.groupsBytes,
});

const urlSchema = v.strictObject({
  path: v.pipe(v.string('must be text'), parsed(parsePathAndQuery)),
  user: v.optional(userText, ''),
  groups: v.optional(v.pipe(groupList, v.check(fitInTicket, `is not allowed: ${tooManyGroups}`)), []),
  expiresIn: v.optional(
    v.pipe(
      v.number('must be a number of seconds'),
      v.integer('must be whole seconds'),
      v.minValue(1, 'must be at least 1 second'),
      v.maxValue(limits.ticketSeconds, `must be at most ${limits.ticketSeconds} seconds`),
    ),
    limits.ticketSecondsDefault,
  ),
});

type UrlNeeds = Pick<Gateway, 'secrets' | 'clock' | 'settings'>;

/** `POST /urls`: mints a URL with a ticket, for a client to connect to. `expiresAt` is in milliseconds since 1970. */
export const postUrls = authorized<UrlNeeds>(async (gateway, request) => {
  const read = await readBody(request, urlSchema, { lists: ['groups'], numbers: ['expiresIn'] });
  if (!read.ok) return refusal(read.error);
  const { path, user, groups, expiresIn } = read.value;
  const [key] = await gateway.secrets.urlKeys('cached');
  if (key === undefined) throw new Error('There is no URL key to mint a ticket with.');
  const expiresAt = Math.floor(gateway.clock.now() / 1000) + expiresIn;
  const ticket = await mintTicket({ ...path, user, groups }, expiresAt, key);
  const url = `${gateway.settings.webSocketUrl}?ticket=${ticket}`;
  if (url.length > limits.urlLength) {
    const makes = groups.length === 0 ? '"path" makes' : '"path" and "groups" make';
    const detail = `${makes} a URL of ${url.length} characters, and clients can open at most ${limits.urlLength}.`;
    return refusal(problem('invalid_field', { detail, field: 'path', limit: limits.urlLength }));
  }
  return document(200, { url, expiresAt: expiresAt * 1000 });
});
