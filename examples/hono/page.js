/**
 * The frame that keeps an idle socket alive: browsers can't ping, and API Gateway cuts a socket idle for 10 minutes.
 */
const ping = '{"sockethook":"ping"}';
/** The gateway's answer to it. */
const pong = '{"sockethook":"pong"}';
const pingEveryMs = 5 * 60_000;
const longestPauseSeconds = 30;
/** After a socket was open for this long, the next pause is short again. */
const stableMs = 10_000;

const status = document.getElementById('status');
const poll = document.getElementById('poll');

let socket;
let failures = 0;

setInterval(() => {
  if (socket?.readyState === WebSocket.OPEN) socket.send(ping);
}, pingEveryMs);

void connect();

/** Connects once. Every connection and every failure ends in `tryAgain`. */
async function connect() {
  status.textContent = 'connecting…';
  try {
    socket = new WebSocket(await freshUrl());
  } catch (error) {
    tryAgain(error.message);
    return;
  }
  let openedAt = Number.POSITIVE_INFINITY;
  let newest = -1;
  socket.addEventListener('open', () => {
    openedAt = Date.now();
    status.textContent = 'connected';
  });
  socket.addEventListener('message', ({ data }) => {
    if (data === pong) return;
    const { version, counts } = JSON.parse(data);
    if (version > newest) show(counts);
    newest = Math.max(newest, version);
  });
  socket.addEventListener('close', ({ code }) => {
    if (Date.now() - openedAt > stableMs) failures = 0;
    tryAgain(`disconnected (${code})`);
  });
}

/** A URL works for an hour only, so every attempt asks for a new one. */
async function freshUrl() {
  const response = await fetch('/url', { signal: AbortSignal.timeout(10_000) }).catch(() => {
    throw new Error('the app does not answer');
  });
  if (!response.ok) throw new Error(`the app answers ${response.status}`);
  return (await response.json()).url;
}

/** Pauses grow from 1 to 30 seconds. Half of each is random, so that many pages don't reconnect all at once. */
function tryAgain(why) {
  const seconds = Math.min(2 ** failures, longestPauseSeconds) * (0.5 + Math.random() / 2);
  failures += 1;
  status.textContent = `${why}; trying again in ${Math.ceil(seconds)} s`;
  setTimeout(() => void connect(), seconds * 1000);
}

/** Shows the counts. The rows are created only once, so that a button keeps its focus. */
function show(counts) {
  if (poll.childElementCount === 0) poll.append(...counts.map(([dish]) => row(dish)));
  const all = counts.reduce((sum, [, count]) => sum + count, 0);
  for (const [at, [, count]] of counts.entries()) {
    const [, bar, number] = poll.children[at].children;
    bar.value = all === 0 ? 0 : count / all;
    number.textContent = count;
  }
}

/** A dish: a button that votes for it, a bar, and a number. */
function row(dish) {
  const line = document.createElement('p');
  const [button, bar, number] = ['button', 'progress', 'span'].map((name) => document.createElement(name));
  button.type = 'button';
  button.textContent = dish;
  button.addEventListener('click', () => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(dish);
  });
  bar.setAttribute('aria-label', `votes for ${dish}`);
  line.append(button, bar, number);
  return line;
}
