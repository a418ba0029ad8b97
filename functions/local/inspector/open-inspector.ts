import { randomBytes } from 'node:crypto';
import openapi from '../../wire/openapi.json' with { type: 'json' };
import type { GatewayOptions, Parts } from '../compose.ts';
import type { LocalSettings } from '../settings.ts';
import { Inspector } from './inspector.ts';

/** An inspector, and the URL that opens it. The URL has the token, so it goes to nobody but whoever starts the gateway. */
interface OpenInspector {
  readonly inspector: Inspector;
  readonly url: string;
}

/** Opens the inspector of a gateway that listens; undefined if its setting is off. */
export function openInspector(
  parts: Parts,
  { host }: Pick<LocalSettings, 'host'>,
  { webhookBaseUrl, clock, inspectorToken = newToken }: GatewayOptions,
  at: { readonly port: number; readonly webSocketUrl: string; readonly apiUrl: string },
): OpenInspector | undefined {
  const { inspection } = parts;
  if (inspection === undefined) return undefined;
  const { port, webSocketUrl, apiUrl } = at;
  const token = inspectorToken();
  const { version } = openapi.info;
  const facts = { webSocketUrl, apiUrl, webhookBaseUrl, version, startedAt: clock.now() };
  const inspector = new Inspector(parts, inspection, { host, port, token }, facts);
  return { inspector, url: `${apiUrl}/inspector?token=${token}` };
}

function newToken(): string {
  return randomBytes(32).toString('base64url');
}
