import type { Finding } from './finding.ts';
import type { Spoiler } from './spoil.ts';
import { statusOf, type Tried } from './tried.ts';

type Judgement = Pick<Finding, 'verdict' | 'advice'>;

/** Judges what the app made of a spoiled hook: it must refuse it with a 4xx, and not fail. */
export function judgeSpoiled(kind: Spoiler, tried: Tried): Judgement {
  const status = statusOf(tried);
  if (status === undefined)
    return { verdict: 'fault', advice: `${names[kind]} gets no answer: refuse it with 401.` };
  if (status < 300) return accepted(kind);
  // 408, 425 and 429 are answers that say nothing of the hook, and may come from something before the app.
  if (status < 500 && ![408, 425, 429].includes(status)) return { verdict: 'ok' };
  const advice = `${names[kind]} gets ${status}, which asks for another attempt: refuse it with 401.`;
  return { verdict: 'fault', advice };
}

function accepted(kind: Spoiler): Judgement {
  const verdict = kind === 'elsewhere' || kind === 'no_body' ? 'note' : 'fault';
  return { verdict, advice: `${names[kind]} is accepted. ${mend[kind]}` };
}

/** What a spoiled hook is called at the beginning of a sentence. */
const names: Readonly<Record<Spoiler, string>> = {
  unsigned: 'A hook without a signature',
  forged: 'A hook that is signed with another secret',
  altered: 'A hook that was changed after it was signed',
  late: 'A hook that is 10 minutes old',
  early: 'A hook from 10 minutes ahead',
  no_time: 'A hook whose timestamp is no number',
  no_signature: 'A hook whose signature is garbled',
  no_body: 'A signed hook whose body is garbled',
  elsewhere: 'A hook that is signed for another URL',
};

const verifyAll = 'Anybody who finds the URL can post this: verify webhook-signature on every hook.';
const wholeBody = 'Compute the HMAC over {id}.{timestamp}.{raw body}, and compare it with the signature.';
const fiveMinutes =
  'Refuse a webhook-timestamp more than 5 minutes away, or a hook that was read on its way works for ever.';

const mend: Readonly<Record<Spoiler, string>> = {
  unsigned: verifyAll,
  forged: wholeBody,
  altered: wholeBody,
  late: fiveMinutes,
  early: fiveMinutes,
  no_time: fiveMinutes,
  no_signature: verifyAll,
  no_body: 'No gateway sends this, but check that the fields are there.',
  elsewhere:
    'That is harmless if your app decides by event and path in the body. If it decides by the URL, compare them.',
};
