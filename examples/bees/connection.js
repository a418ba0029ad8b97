/**
 * The frame that keeps an idle socket alive: browsers can't ping, and API Gateway cuts a socket idle for 10 minutes.
 */
const ping = '{"sockethook":"ping"}';
const pingEveryMs = 5 * 60_000;
const longestPauseSeconds = 30;
/** After a socket was open for this long, the next pause is short again. */
const stableMs = 10_000;

/**
 * A socket that comes back by itself while the page is visible. A hidden page has none, so that it costs nothing. If it
 * is visible again within the gateway's grace, nobody notices.
 */
export class Connection {
  #events;
  #socket;
  #timer;
  #failures = 0;
  /** Grows whenever the page is shown or hidden, so that what began before knows that it is too late. */
  #turn = 0;

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
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(message);
  }

  #turnTo(isVisible) {
    this.#turn += 1;
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
    this.#socket = undefined;
    if (isVisible) void this.#connect(this.#turn);
    else this.#events.changed('hidden', 'resting while you look elsewhere');
  }

  /** Connects once. Every connection and every failure ends in `tryAgain`, unless the page was hidden meanwhile. */
  async #connect(turn) {
    this.#events.changed('connecting', 'connecting…');
    try {
      const url = await freshUrl();
      if (turn === this.#turn) this.#open(url, turn);
    } catch (error) {
      if (turn === this.#turn) this.#tryAgain(error.message);
    }
  }

  #open(url, turn) {
    const socket = new WebSocket(url);
    this.#socket = socket;
    let openedAt = Number.POSITIVE_INFINITY;
    let pinging;
    const ifCurrent = (act) => (event) => turn === this.#turn && act(event);
    socket.addEventListener(
      'open',
      ifCurrent(() => {
        openedAt = Date.now();
        pinging = setInterval(() => this.send(ping), pingEveryMs);
        this.#events.opened();
      }),
    );
    socket.addEventListener(
      'message',
      ifCurrent(({ data }) => this.#events.received(JSON.parse(data))),
    );
    socket.addEventListener('close', () => clearInterval(pinging));
    socket.addEventListener(
      'close',
      ifCurrent(({ code }) => {
        if (Date.now() - openedAt > stableMs) this.#failures = 0;
        this.#tryAgain(`disconnected (${code})`);
      }),
    );
  }

  /** Pauses grow from 1 to 30 seconds. Half of each is random, so that many pages don't reconnect all at once. */
  #tryAgain(why) {
    const seconds = Math.min(2 ** this.#failures, longestPauseSeconds) * (0.5 + Math.random() / 2);
    this.#failures += 1;
    this.#events.changed('waiting', `${why}; trying again in ${Math.ceil(seconds)} s`);
    this.#timer = setTimeout(() => void this.#connect(this.#turn), seconds * 1000);
  }
}

/** The ticket works for a minute only, so every attempt asks for a new one. */
async function freshUrl() {
  const response = await fetch('/url', { signal: AbortSignal.timeout(10_000) }).catch(() => {
    throw new Error('the app does not answer');
  });
  if (!response.ok) throw new Error((await response.text()).trim());
  return (await response.json()).url;
}
