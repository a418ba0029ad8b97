import { form } from '../../../functions/wire/formats/form.ts';
import type { Hook } from '../../../functions/wire/hook.ts';
import type { HookFormat, HookRequest } from '../../../functions/wire/hook-format.ts';
import { hookHeaders } from '../../../functions/wire/hook-headers.ts';
import type { SigningKey } from '../../../functions/wire/signature.ts';

/** A hook as it goes to the app: good, or spoiled in one way. */
export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a hook is written with. */
export interface Pen {
  readonly format: HookFormat;
  readonly baseUrl: string;
  /** The keys of the gateway. */
  readonly keys: readonly SigningKey[];
  /** A key that the app can't know. */
  readonly strangeKey: SigningKey;
  /** Whole seconds since 1970. */
  readonly seconds: number;
}

/** How far the timestamp of a stale hook is off, in seconds: twice what Standard Webhooks libraries tolerate. */
const staleSeconds = 600;

/** How a hook is spoiled: each returns what is posted instead. */
export const spoilers = {
  unsigned: (hook, pen) => {
    const { 'webhook-signature': _, ...headers } = signed(hook, pen).headers;
    return { ...signed(hook, pen), headers };
  },
  forged: (hook, pen) => signed(hook, { ...pen, keys: [pen.strangeKey] }),
  altered: (hook, pen) => ({
    ...signed({ ...hook, user: 'somebody else' }, pen),
    headers: signed(hook, pen).headers,
  }),
  late: (hook, pen) => signed(hook, { ...pen, seconds: pen.seconds - staleSeconds }),
  early: (hook, pen) => signed(hook, { ...pen, seconds: pen.seconds + staleSeconds }),
  no_time: (hook, pen) => withHeaders(signed(hook, pen), { 'webhook-timestamp': 'soon' }),
  no_signature: (hook, pen) => withHeaders(signed(hook, pen), { 'webhook-signature': 'v1 %%% v1, v2,AAAA' }),
  no_body: (hook, pen) => {
    const request = pen.format.request(hook, pen.baseUrl);
    return written(hook, { ...request, body: pen.format === form ? 'event=%FF%zz&&=%' : '{"event":' }, pen);
  },
  elsewhere: (hook, pen) => {
    const event = hook.event === 'closed' ? 'message' : 'closed';
    return { ...signed(hook, pen), url: pen.format.request({ ...hook, event }, pen.baseUrl).url };
  },
} satisfies Record<string, (hook: Hook, pen: Pen) => Post>;

/** The name of a way to spoil a hook. */
export type Spoiler = keyof typeof spoilers;

/** A hook as the gateway posts it. */
export function signed(hook: Hook, pen: Pen): Post {
  return written(hook, pen.format.request(hook, pen.baseUrl), pen);
}

/** A hook as the gateway posts it while the secret is being rotated: the signature that counts is the second. */
export function signedTwice(hook: Hook, pen: Pen): Post {
  return signed(hook, { ...pen, keys: [pen.strangeKey, ...pen.keys] });
}

function written(hook: Hook, request: HookRequest, { keys, seconds }: Pen): Post {
  const { url, body } = request;
  return { url, body, headers: hookHeaders(hook, request, seconds, keys) };
}

function withHeaders(post: Post, headers: Readonly<Record<string, string>>): Post {
  return { ...post, headers: { ...post.headers, ...headers } };
}
