import type { AppRequest } from '../../functions/gateway/ports.ts';
import type { AppResponse } from '../../functions/wire/answer.ts';
import { acting, answered } from '../fakes/fake-app.ts';
import type { Random } from '../simulate/random.ts';
import { type Arrival, indexOf, type Ledger, type Verdict } from './ledger.ts';
import type { Mortal, Timeline } from './timeline.ts';

/** How the app is. */
export const moods = [
  'up',
  'lazy',
  'slow',
  'failing',
  'busy',
  'unavailable',
  'refusing',
  'unwanting',
  'garbled',
  'broken',
  'down',
] as const;
export type Mood = (typeof moods)[number];

interface Reaction {
  readonly verdict: Verdict;
  readonly response: AppResponse;
}

/** What the app answers to a hook, in each mood but `up`, `lazy` and `down`. */
const reactions: Readonly<Record<Exclude<Mood, 'up' | 'lazy' | 'down'>, Reaction>> = {
  slow: { verdict: 'unknown', response: { kind: 'timeout' } },
  failing: { verdict: 'failed', response: answered(500) },
  busy: { verdict: 'failed', response: answered(429, { retryAfter: '30' }) },
  unavailable: { verdict: 'failed', response: answered(503, { retryAfter: '120' }) },
  refusing: { verdict: 'refused', response: answered(403) },
  unwanting: { verdict: 'unwanted', response: answered(404) },
  garbled: { verdict: 'invalid', response: acting({ nonsense: true }) },
  broken: { verdict: 'unknown', response: { kind: 'broken', why: 'cut off' } },
};

/** What a client may ask the app to do in its answer. */
export const wishes = ['nothing', 'reply', 'state', 'join', 'leave', 'close', 'send'] as const;
export type Wish = (typeof wishes)[number];

/** The app: it hears of each hook, and answers as its mood is. */
export class ModelApp {
  mood: Mood = 'up';
  /** Whether it accepts handshakes whatever its mood. */
  admits = true;
  /** It answers a message of this client so that its socket is closed. */
  closing: (client: number, index: number) => void = () => {};
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #ledger: Ledger;

  constructor(timeline: Timeline, random: Random, ledger: Ledger) {
    this.#timeline = timeline;
    this.#random = random;
    this.#ledger = ledger;
  }

  /** A process posts a hook. `cut` resolves if the process ends the connection. */
  async post(request: AppRequest, by: Mortal, cut: Promise<AppResponse>): Promise<AppResponse> {
    const ms = 1 + Math.floor(this.#random.next() * 40);
    const fields = Object.fromEntries(new URLSearchParams(request.body));
    const mood = this.admits && fields['event'] === 'handshake' ? 'up' : this.mood;
    const id = request.headers['webhook-id'] ?? '';
    const client = Number(fields['query']?.slice(2));
    const index = indexOf(fields['body'] ?? '');
    if (mood === 'down') {
      await this.#timeline.sleep(1);
      this.#ledger.missed({ id, client, index, by, until: this.#timeline.time });
      return { kind: 'unreachable', why: 'ECONNREFUSED' };
    }
    const { verdict, response } = reactionOf(mood, fields);
    const arrival: Arrival = {
      id,
      event: fields['event'] ?? '',
      socket: fields['from'] ?? '',
      client,
      index,
      at: this.#timeline.time,
      by,
      verdict,
      ...(fields['event'] === 'closed' ? { code: fields['code'] } : {}),
      until: Number.POSITIVE_INFINITY,
      isHeard: false,
    };
    this.#ledger.arrived(arrival, request.url);
    if (verdict === 'accepted' && fields['body']?.endsWith('/close'))
      this.closing(arrival.client, arrival.index);
    const takesMs = mood === 'slow' ? request.timeoutMs : mood === 'lazy' ? 3_000 : ms;
    const answer = await Promise.race([this.#timeline.sleep(takesMs).then(() => response), cut]);
    arrival.until = this.#timeline.time;
    arrival.isHeard = answer === response && !by.isDead;
    return answer;
  }
}

function reactionOf(mood: Mood, fields: Readonly<Record<string, string>>): Reaction {
  const { event = '', body = '', from = '' } = fields;
  if (mood === 'up' || mood === 'lazy' || mood === 'down')
    return { verdict: 'accepted', response: wished(event, body, from) };
  const reaction = reactions[mood];
  // To a handshake, these are refusals.
  const isRefusal = event === 'handshake' && (mood === 'unwanting' || mood === 'busy');
  return isRefusal ? { ...reaction, verdict: 'refused' } : reaction;
}

/** A message says what it wishes: its client, its number, the wish. */
function wished(event: string, body: string, from: string): AppResponse {
  const [client, , wish] = body.split('/');
  if (event !== 'message') return answered(204);
  switch (wish) {
    case 'reply':
      return acting({ reply: `for ${from}` });
    case 'state':
      return acting({ state: body });
    case 'join':
      return acting({ join: ['room'] });
    case 'leave':
      return acting({ leave: ['room'] });
    case 'close':
      return acting({ reply: `for ${from}`, close: true });
    case 'send':
      return acting({ send: [{ sockets: [from], body: `for ${from}` }] });
    default:
      return client === undefined ? answered(200) : answered(204);
  }
}
