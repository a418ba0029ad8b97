import { actionsType } from '../../../functions/wire/action-rules.ts';
import type { AppResponse } from '../../../functions/wire/answer.ts';
import { limits } from '../../../functions/wire/limits.ts';
import type { Finding } from './finding.ts';
import { judgeSpoiled } from './judge-spoiled.ts';
import { isSpoiler, isTaken, statusOf, type Tried } from './tried.ts';

type Judgement = Pick<Finding, 'verdict' | 'advice'>;

/** Judges what an app made of each hook. */
export function judge(tried: readonly Tried[]): Finding[] {
  return tried.map((one) => {
    const { event, kind, ms } = one;
    const verdict = isSpoiler(kind) ? judgeSpoiled(kind, one) : judgeGood(one, tried);
    return { event, hook: kind, ...verdict, answered: answered(one.response), ms };
  });
}

const ok: Judgement = { verdict: 'ok' };
const fault = (advice: string): Judgement => ({ verdict: 'fault', advice });
const note = (advice: string): Judgement => ({ verdict: 'note', advice });

/** The answer in a few words. */
function answered(response: AppResponse): string {
  if (response.kind === 'response') return String(response.status);
  return response.kind === 'timeout' ? 'nothing in time' : response.why;
}

function judgeGood(one: Tried, tried: readonly Tried[]): Judgement {
  const { kind, answer } = one;
  const judgement = ofAnswer(one, tried);
  if (kind === 'repeated') return note(repeats[answer.kind === 'accepted' ? 'accepted' : 'other']);
  if (kind === 'rotated' && judgement.verdict === 'fault') return fault(rotation);
  return judgement;
}

const repeats = {
  accepted:
    'A repeat was accepted. The gateway repeats a hook whose answer was lost: know it by its webhook-id if it must not count twice.',
  other:
    'A repeat was not accepted. The gateway repeats a hook whose answer was lost: answer a known webhook-id as before, or the message becomes a dead letter.',
};

const rotation =
  'A hook with two signatures is refused, as the gateway sends while its secret is rotated. Split webhook-signature at the spaces: one match is enough.';

function ofAnswer(one: Tried, tried: readonly Tried[]): Judgement {
  const { answer, kind } = one;
  switch (answer.kind) {
    case 'accepted':
      return answer.hint === undefined
        ? ok
        : note(`The answer looks like actions: send it as ${actionsType}.`);
    case 'invalid':
      return fault(`None of the actions in the answer is done: ${answer.error.detail}`);
    case 'failed':
      return fault(ofFailure(one));
    case 'refused':
    case 'unwanted':
      if (kind === 'large')
        return fault(
          `Messages have up to ${limits.messageBytes} bytes, in a form three times as many: accept bodies of 512 KiB, in proxies too.`,
        );
      return ofRefusal(one, tried);
  }
}

function ofFailure({ response, ms, kind }: Tried): string {
  switch (response.kind) {
    case 'timeout':
      return `There was no answer in ${ms} ms. Answer first and work later, or raise HOOK_TIMEOUT_MS.`;
    case 'unreachable':
      return `Your app can't be reached: ${response.why}. Is it running, and is this its URL?`;
    case 'broken':
      return `The answer is broken: ${response.why}.`;
    case 'response': {
      const { status } = response;
      if (status < 400) return 'Redirects are never followed: answer at this very URL.';
      const what = kind === 'large' ? 'a message of 131,072 bytes' : 'a good hook';
      return `Your app fails with ${status} on ${what}: see its own log.`;
    }
  }
}

/**
 * A refusal of a good hook is a fault if the app refuses a forged one the same way, and took no other good one.
 * Otherwise it knows a signature, and has a rule of its own for clients or messages.
 */
function ofRefusal(one: Tried, tried: readonly Tried[]): Judgement {
  const { event } = one;
  const status = statusOf(one);
  const taken = tried.some((other) => other !== one && !isSpoiler(other.kind) && isTaken(other));
  const forged = tried.find((other) => other.event === event && other.kind === 'forged');
  const isSame = forged === undefined || statusOf(forged) === status;
  if (isSame && !taken) return fault(status === 404 || status === 405 ? noHandler : badSecret);
  if (event === 'handshake')
    return note(
      'Your app lets nobody in here, by a rule of its own, so messages were not tried. Name a path and a user whom it lets in: --path and --user.',
    );
  if (event === 'closed' && one.answer.kind === 'unwanted')
    return note('Your app does not want closed hooks: leave them out of HOOKS.');
  const isOwnRule = !isSame && (status === 400 || status === 409 || status === 422);
  return isOwnRule
    ? note(`A ${event} hook was refused by a rule of your app, so it would become a dead letter.`)
    : fault(`A good ${event} hook is refused. ${badSecret}`);
}

const noHandler =
  'There is no handler for this hook: is the base URL right, and does the app take POST at {base}/handshake/..., {base}/message/... and {base}/closed/...?';

const badSecret =
  'Does the app have the same secret, and a clock that is right? It must verify the raw body, before anything parses it. CSRF protection and logins must let hooks pass.';
