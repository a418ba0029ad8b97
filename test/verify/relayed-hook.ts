import { gunzipSync, gzipSync } from 'node:zlib';

/** A hook as it came to the relay, on its way to the app. */
export interface RelayedHook {
  /** Names it, so that its answer finds back. */
  readonly id: string;
  readonly method: string;
  /** Path and query as the gateway escaped them. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** In base64. */
  readonly body: string;
}

/** What the app answered, on its way back. */
export interface RelayedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** In base64. */
  readonly body: string;
}

/** Packs one of the two for a message or an item. SQS: 256 KiB in old accounts and emulators; a hook's form can be larger. */
export function packed(relayed: RelayedHook | RelayedAnswer): string {
  return gzipSync(JSON.stringify(relayed)).toString('base64');
}

/** The same read back. */
export function unpacked<Relayed extends RelayedHook | RelayedAnswer>(text: string): Relayed {
  return JSON.parse(gunzipSync(Buffer.from(text, 'base64')).toString());
}
