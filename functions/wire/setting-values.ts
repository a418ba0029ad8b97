import * as v from 'valibot';
import { isForwardable } from './client-headers.ts';
import { form } from './formats/form.ts';
import { json } from './formats/json.ts';
import { hookEvents } from './hook.ts';

const hookEvent = v.picklist(hookEvents);
const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text;

/** A list of entries separated by commas; empty ones don't count. */
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

/** A whole number within bounds. */
export function whole(least: number, most: number) {
  const rule = `must be a whole number from ${least} to ${most}`;
  return v.pipe(
    v.string(),
    v.regex(/^\d{1,9}$/, rule),
    v.transform(Number),
    v.minValue(least, rule),
    v.maxValue(most, rule),
  );
}

/** `true` or `false`. */
export const flag = v.pipe(
  v.picklist(['true', 'false'], 'must be true or false'),
  v.transform((text) => text === 'true'),
);

/** `HOOKS`: some of the three. */
export const hooksValue = v.pipe(
  list,
  v.check(
    (names) => names.length > 0 && names.every((name) => v.is(hookEvent, name)),
    `must be some of ${hookEvents.join(', ')}`,
  ),
  v.array(hookEvent),
  v.transform((names) => new Set(names)),
);

/** `WEBHOOK_FORMAT`, by name. */
export const formatValue = v.pipe(
  v.picklist(['form', 'json'], 'must be form or json'),
  v.transform((name) => ({ form, json })[name]),
);

/** `FORWARD_HEADERS`: names of headers, in lower case. */
export const forwardHeadersValue = v.pipe(
  lowerCaseList,
  v.check(
    (names) => names.every(isForwardable),
    'must be names of headers without "_", and none that the gateway or a server gives a meaning of its own',
  ),
);

/** `ALLOWED_ORIGINS`: serialised origins. */
export const allowedOriginsValue = v.pipe(
  lowerCaseList,
  v.check(
    (entries) => entries.length > 0 && entries.every(isOrigin),
    'must be origins such as https://app.example, separated by commas',
  ),
  v.transform((entries) => new Set(entries)),
);
