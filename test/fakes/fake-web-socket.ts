/** A WebSocket whose other end a test plays. It does what a test says and nothing else. */
export class FakeWebSocket {
  /** Every one that was made, in order. */
  static made: FakeWebSocket[] = [];
  readonly url: string;
  readonly sent: string[] = [];
  readyState = 0;
  bufferedAmount = 0;
  protocol = '';
  extensions = '';
  binaryType = 'blob';
  /** What `close` was called with; undefined before. */
  closedWith: readonly unknown[] | undefined;
  onopen: (() => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: { code: number; reason: string; wasClean: boolean }) => void) | null = null;

  constructor(url: string | URL) {
    this.url = new URL(url).href;
    FakeWebSocket.made.push(this);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(...how: unknown[]): void {
    this.closedWith ??= how;
    if (this.readyState < 2) this.readyState = 2;
  }

  /** The other end accepts it. */
  accept(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  /** A message arrives. */
  deliver(data: string): void {
    this.onmessage?.(new MessageEvent('message', { data }));
  }

  /** It ends, as the browser says it. */
  end(code: number, reason = ''): void {
    this.readyState = 3;
    this.onclose?.({ code, reason, wasClean: code !== 1006 });
  }
}
