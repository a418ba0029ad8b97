import { parseWebhookKey } from './signature.ts';

/** The settings of the demo, from the environment. */
export interface Settings {
  /** Without a trailing slash. */
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly webhookKey: Uint8Array;
  /** 0 takes any free port. */
  readonly port: number;
}

/** The settings, or sentences that say what is wrong with the environment. */
export type ReadSettings =
  | { readonly ok: true; readonly value: Settings }
  | { readonly ok: false; readonly fault: string };

const needed = ['SOCKETHOOK_API_URL', 'SOCKETHOOK_API_KEY', 'SOCKETHOOK_WEBHOOK_SECRET'];

/** Reads the settings. The fault names every variable that is missing, or else every one that is malformed. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): ReadSettings {
  const missing = needed.filter((name) => !environment[name]);
  if (missing.length > 0) return { ok: false, fault: `The demo app needs ${listed(missing)} to be set.` };
  const apiUrl = environment['SOCKETHOOK_API_URL'] ?? '';
  const webhookKey = parseWebhookKey(environment['SOCKETHOOK_WEBHOOK_SECRET'] ?? '');
  const port = environment['DEMO_PORT'] || '8081';
  const faults: string[] = [];
  if (!/^https?:\/\/[^?#]+$/.test(apiUrl)) faults.push('SOCKETHOOK_API_URL must be an http or https URL.');
  if (webhookKey === undefined) faults.push('SOCKETHOOK_WEBHOOK_SECRET must be "whsec_" followed by base64.');
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) faults.push('DEMO_PORT must be a port number.');
  if (webhookKey === undefined || faults.length > 0) return { ok: false, fault: faults.join('\n') };
  const apiKey = environment['SOCKETHOOK_API_KEY'] ?? '';
  return { ok: true, value: { apiUrl: apiUrl.replace(/\/+$/, ''), apiKey, webhookKey, port: Number(port) } };
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
