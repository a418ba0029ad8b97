import type { ReceiverListener } from '../../functions/websocket/receiver.ts';
import type { CloseCode } from '../../functions/wire/close-codes.ts';

/** An event from a client, in short form. */
export type Heard = readonly [
  'text' | 'ping' | 'pong' | 'closing' | 'violation',
  ...(readonly (string | number)[]),
];

/** Records the events of a receiver. */
export class HeardFrames implements ReceiverListener {
  readonly heard: Heard[] = [];
  /** Whether the next text is wanted. */
  isWanted = true;

  text(text: string, bytes: number): boolean {
    this.heard.push(['text', text, bytes]);
    return this.isWanted;
  }

  ping(payload: Buffer): void {
    this.heard.push(['ping', payload.toString('hex')]);
  }

  pong(): void {
    this.heard.push(['pong']);
  }

  closing(code: number, reason: string): void {
    this.heard.push(['closing', code, reason]);
  }

  violation({ code }: CloseCode): void {
    this.heard.push(['violation', code]);
  }
}
