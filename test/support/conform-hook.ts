import type { IncomingHttpHeaders } from 'node:http';
import { Ajv } from 'ajv';
import asyncapi from '../../functions/wire/asyncapi.json' with { type: 'json' };
import { hookEvents } from '../../functions/wire/hook.ts';
import { limits } from '../../functions/wire/limits.ts';

interface DescribedHook {
  readonly contentType: string;
  readonly headers: { readonly $ref: string };
  readonly payload: { readonly $ref: string };
}

const ajv = new Ajv({ strictSchema: false, strictTypes: false, allErrors: true });
ajv.addSchema(asyncapi, 'asyncapi');

/**
 * Checks that asyncapi.json describes a hook that an app at `/websocket` received: its URL, its media type, its headers
 * and its fields. Throws an error that says what is not described.
 */
export function hookConforms({ method, url, headers, fields }: ReceivedHook): void {
  const fail = (why: string): never => {
    throw new Error(`${method} ${url} is a hook that asyncapi.json does not describe: ${why}`);
  };
  const event = hookEvents.find((name) => url.startsWith(`/websocket/${name}/`)) ?? fail('its URL');
  const messages: readonly DescribedHook[] = Object.values(asyncapi.channels[event].messages);
  const described =
    messages.find(({ contentType }) => contentType === headers['content-type']) ?? fail('its media type');
  const query = fields['query'] ?? '';
  if (url !== `/websocket/${event}${fields['path']}${query && `?${query}`}`) fail('its URL');
  const check = (schema: string, value: unknown): void => {
    const validate = ajv.getSchema(`asyncapi${schema}`) ?? fail(`it has no ${schema}`);
    if (validate(value)) return;
    fail(`${ajv.errorsText(validate.errors)} in ${JSON.stringify(value).slice(0, 2_000)}`);
  };
  check(described.headers.$ref, headers);
  // A setting of the gateway can lift the limit on the size of a message.
  check(described.payload.$ref, { ...fields, body: fields['body']?.slice(0, limits.messageBytes) });
}

/** A hook as it arrived. Only its body is parsed. */
export interface ReceivedHook {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly raw: string;
  readonly fields: Readonly<Record<string, string>>;
}
