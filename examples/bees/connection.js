import { ReliableSocket } from 'sockethook/client';

/**
 * A socket that comes back by itself while the page is visible. A hidden page has none, so that it costs nothing. If it
 * is visible again within the gateway's grace, nobody notices.
 */
export class Connection {
  #events;
  #socket;

  /** `events` has `opened()`, `received(message)` and `changed(state, text)`. */
  constructor(events) {
    this.#events = events;
    document.addEventListener('visibilitychange', () => this.#turnTo(!document.hidden));
    // A page that comes back from the cache of the browser was frozen with a dead socket.
    addEventListener('pageshow', ({ persisted }) => persisted && this.#turnTo(!document.hidden));
    this.#turnTo(!document.hidden);
  }

  /** Sends a message if the socket is open. */
  send(message) {
    if (this.#socket?.state === 'open') this.#socket.send(message);
  }

  #turnTo(isVisible) {
    const before = this.#socket;
    this.#socket = undefined;
    before?.close(1000);
    if (isVisible) this.#open();
    else this.#events.changed('hidden', 'resting while you look elsewhere');
  }

  /** What a socket says after the page was hidden is too late. */
  #open() {
    const socket = new ReliableSocket(freshUrl);
    this.#socket = socket;
    const ifCurrent = (act) => (event) => socket === this.#socket && act(event);
    socket.onopen = ifCurrent(() => this.#events.opened());
    socket.onmessage = ifCurrent(({ data }) => this.#events.received(JSON.parse(data)));
    socket.onstatechange = ifCurrent((change) => this.#tell(change));
    this.#tell(socket);
  }

  #tell({ state, code, retryMs, error }) {
    const why = error?.message ?? `disconnected (${code})`;
    if (state === 'connecting') this.#events.changed('connecting', 'connecting…');
    if (state === 'waiting')
      this.#events.changed('waiting', `${why}; trying again in ${Math.ceil(retryMs / 1000)} s`);
    if (state === 'closed') this.#events.changed('waiting', 'disconnected; load this page to come back');
  }
}

/** The ticket works for a minute only, so every attempt asks for a new one. */
async function freshUrl(signal) {
  const response = await fetch('/url', { signal }).catch(() => {
    throw new Error('the app does not answer');
  });
  if (!response.ok) throw new Error((await response.text()).trim());
  return (await response.json()).url;
}
