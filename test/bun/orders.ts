import type { LogFields } from '../../functions/gateway/ports.ts';
import type { SecretTexts } from '../../functions/local/local-secrets.ts';
import type { LocalLimits } from '../../functions/local/settings.ts';

/** What a test tells a gateway in another process. */
export type ToGateway =
  | {
      readonly kind: 'start';
      /** The variables that `npm start` would read. */
      readonly environment: Readonly<Record<string, string>>;
      readonly limits: LocalLimits;
      readonly webhookBaseUrl: string;
      readonly secrets: SecretTexts;
      readonly hasStore: boolean;
      readonly sweepMs: number | undefined;
    }
  | { readonly kind: 'secrets'; readonly secrets: SecretTexts }
  | { readonly kind: 'stop'; readonly withinMs: number };

/** What the gateway tells the test. */
export type FromGateway =
  | {
      readonly kind: 'started';
      readonly port: number;
      readonly webSocketUrl: string;
      readonly apiUrl: string;
      readonly inspectorUrl: string | undefined;
    }
  | {
      readonly kind: 'logged';
      readonly level: 'info' | 'warn' | 'error';
      readonly event: string;
      readonly fields: LogFields;
    }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'stopped' };

/** JSON has no number for a limit that is lifted. */
const lifted = '∞';

/** An order or news as text. */
export function written(said: ToGateway | FromGateway): string {
  return JSON.stringify(said, (_, value) => (value === Number.POSITIVE_INFINITY ? lifted : value));
}

/** The other way round. */
export function read<Said extends ToGateway | FromGateway>(text: unknown): Said {
  return JSON.parse(String(text), (_, value) => (value === lifted ? Number.POSITIVE_INFINITY : value));
}
