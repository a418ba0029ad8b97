import { parseApiKey } from '../functions/wire/api-key.ts';
import { parseSigningKey, type SigningKey } from '../functions/wire/signature.ts';
import { parseUrlKey, type UrlKey } from '../functions/wire/ticket.ts';
import { parseWebSocketUrl } from '../functions/wire/web-socket-url.ts';
import { SettingError } from './errors.ts';

/** The URL of the gateway's HTTP API: `SOCKETHOOK_API_URL`, without a trailing slash. */
export function apiUrl(): string {
  const name = 'SOCKETHOOK_API_URL';
  const url = required(name, 'to the URL of the gateway’s HTTP API');
  if (!/^https?:\/\/[^?#]+$/.test(url))
    throw new SettingError(name, 'must be an http:// or https:// URL without a query');
  return url.replace(/\/+$/, '');
}

/** The API key: `SOCKETHOOK_API_KEY`. */
export function apiKey(): string {
  const name = 'SOCKETHOOK_API_KEY';
  const key = required(name, 'to one of the gateway’s API keys');
  if (!parseApiKey(key).ok)
    throw new SettingError(name, 'must be one key, of at least 16 visible characters');
  return key;
}

/** The keys that may sign hooks: `SOCKETHOOK_WEBHOOK_SECRET`, one secret or several separated by commas. */
export function signingKeys(): readonly SigningKey[] {
  return signingKeysOf(required(webhookSecret, 'to one of the gateway’s webhook secrets'));
}

/** The keys that may sign hooks; undefined if `SOCKETHOOK_WEBHOOK_SECRET` is not set. */
export function signingKeysIfSet(): readonly SigningKey[] | undefined {
  const text = process.env[webhookSecret]?.trim();
  return text ? signingKeysOf(text) : undefined;
}

const webhookSecret = 'SOCKETHOOK_WEBHOOK_SECRET';

function signingKeysOf(text: string): SigningKey[] {
  return entries(text).map((secret) => {
    const key = parseSigningKey(secret);
    if (!key.ok) throw new SettingError(webhookSecret, `is malformed: ${key.error}`);
    return key.value;
  });
}

/** The URL that clients connect to: `SOCKETHOOK_WEBSOCKET_URL`, to which a query is added. */
export function webSocketUrl(): string {
  const name = 'SOCKETHOOK_WEBSOCKET_URL';
  const url = required(name, 'to the URL that clients connect to, ws:// or wss://');
  const read = parseWebSocketUrl(url);
  if (!read.ok) throw new SettingError(name, read.error);
  return read.value;
}

/** The key that mints tickets: the first in `SOCKETHOOK_URL_KEY`. Undefined if that is not set. */
export function urlKey(): UrlKey | undefined {
  const name = 'SOCKETHOOK_URL_KEY';
  const [text] = entries(process.env[name] ?? '');
  if (text === undefined) return undefined;
  const key = parseUrlKey(text);
  if (!key.ok) throw new SettingError(name, `is malformed: ${key.error}`);
  return key.value;
}

function required(name: string, what: string): string {
  const value = process.env[name]?.trim();
  if (value) return value;
  throw new SettingError(name, `is not set; set it ${what}`);
}

function entries(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
