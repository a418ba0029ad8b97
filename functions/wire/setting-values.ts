import * as v from 'valibot';
import { isForwardable } from './client-headers.ts';
import { form } from './formats/form.ts';
import { json } from './formats/json.ts';
import { hookEvents, presenceEvents, socketEvents } from './hook.ts';
import { parseOrigin } from './page-origin.ts';

const hookEvent = v.picklist(hookEvents);

/** A list of entries separated by commas. Empty entries are dropped. */
export const list = v.pipe(
  v.string(),
  v.transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ),
);

const lowerCaseList = v.pipe(
  list,
  v.transform((names) => names.map((name) => name.toLowerCase())),
);

/** A whole number from `min` to `max`. */
export function whole(min: number, max: number) {
  const rule = `must be a whole number from ${min} to ${max}`;
  return v.pipe(
    v.string(),
    v.regex(/^\d{1,9}$/, rule),
    v.transform(Number),
    v.minValue(min, rule),
    v.maxValue(max, rule),
  );
}

/** `true` or `false`. */
export const flag = v.pipe(
  v.picklist(['true', 'false'], 'must be true or false'),
  v.transform((text) => text === 'true'),
);

/** What `HOOKS` is by default. */
export const usualHooks = socketEvents.join(',');

/** `HOOKS`: one or more of the events; both about users of groups, or none. */
export const hooksValue = v.pipe(
  list,
  v.check(
    (names) => names.length > 0 && names.every((name) => v.is(hookEvent, name)),
    `must be some of ${hookEvents.join(', ')}`,
  ),
  v.array(hookEvent),
  v.transform((names) => new Set(names)),
  v.check(
    (names) => new Set(presenceEvents.map((event) => names.has(event))).size === 1,
    `must name both of ${presenceEvents.join(' and ')}, or none`,
  ),
);

/** `WEBHOOK_FORMAT`, by name. */
export const formatValue = v.pipe(
  v.picklist(['form', 'json'], 'must be form or json'),
  v.transform((name) => ({ form, json })[name]),
);

/** `MESSAGE_FAILURE`. */
export const messageFailureValue = v.picklist(['retry', 'close', 'drop'], 'must be retry, close or drop');

/** `MESSAGE_RETRY_MINUTES`, in milliseconds: at most two days. */
export const messageRetryValue = v.pipe(
  whole(1, 2_880),
  v.transform((minutes) => minutes * 60_000),
);

/** `PRESENCE_GRACE_MS`: at most 15 minutes, for as long as SQS delays a message. */
export const presenceGraceValue = whole(0, 900_000);

/** `FORWARD_HEADERS`: names of headers, in lower case. */
export const forwardHeadersValue = v.pipe(
  lowerCaseList,
  v.check(
    (names) => names.every(isForwardable),
    'must be names of headers without "_", and none that the gateway or a server gives a meaning of its own',
  ),
);

/** `ALLOWED_ORIGINS`: one or more origins, normalised for comparison. */
export const allowedOriginsValue = v.pipe(
  list,
  v.rawTransform<string[], ReadonlySet<string>>(({ dataset, addIssue, NEVER }) => {
    const origins = new Set<string>();
    // A list that contains only commas is an error, like an empty entry.
    for (const entry of dataset.value.length > 0 ? dataset.value : ['']) {
      const origin = parseOrigin(entry);
      if (!origin.ok) {
        addIssue({ message: origin.error });
        return NEVER;
      }
      origins.add(origin.value);
    }
    return origins;
  }),
);
