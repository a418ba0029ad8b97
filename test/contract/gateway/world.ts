import type { Api } from '../../support/api.ts';
import type { RecordingApp } from '../../support/recording-app.ts';

/** A running gateway, known by its URLs alone, and the app that gets its hooks. */
export interface GatewayWorld {
  readonly app: RecordingApp;
  readonly api: Api;
  readonly apiKeys: readonly string[];
  readonly webhookSecrets: readonly string[];
  readonly urlKeys: readonly string[];
  /** The URL of a client that asks for a path and a query. */
  at(path: string, query?: string): string;
  stop(): Promise<void>;
}

/** What is under test, and what it can do. */
export interface Subject {
  readonly name: string;
  /** Starts a gateway with these settings, by the names that the local environment has for them. */
  start(settings?: Readonly<Record<string, string>>): Promise<GatewayWorld>;
  /** How long a start may take, in milliseconds, if that is longer than a test may. */
  readonly startMs?: number;
  /** Whether a socket's hooks keep their order; API Gateway promises none. */
  readonly keepsOrder: boolean;
  /** Whether a refused client sees why, and not the status alone, as API Gateway shows it. */
  readonly tellsRefusals: boolean;
  /** Whether what is no call gets a problem of ours; API Gateway answers it itself. */
  readonly answersEverything: boolean;
  /** The only code that sockets are closed with on the app's behalf: API Gateway lets nobody choose it. */
  readonly closesWith?: number;
  /** The only status that refused clients see, whatever they were refused with: for an emulator that hides it. */
  readonly refusesWith?: number;
}

let count = 0;

/** A path that no other test has. */
export function freshPath(): string {
  count += 1;
  return `/t/${process.pid}-${count}`;
}
