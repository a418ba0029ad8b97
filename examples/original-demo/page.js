/**
 * The frame that keeps an idle socket alive: browsers can't ping, and API Gateway cuts a socket idle for 10 minutes.
 */
const ping = '{"sockethook":"ping"}';
const pingEveryMs = 5 * 60_000;

const longestPauseSeconds = 30;
/** After a socket was open for this long, the next pause is short again. */
const stableMs = 10_000;
const mostLines = 500;

const status = document.getElementById('status');
const debug = document.getElementById('debug');
const output = document.getElementById('output');
const entry = document.getElementById('entry');
const message = document.getElementById('message');

let socket;
let failures = 0;

entry.addEventListener('submit', (event) => {
  event.preventDefault();
  const text = message.value;
  if (text === '') return;
  if (socket?.readyState !== WebSocket.OPEN) {
    append(debug, 'not connected yet; your message stays in its field');
    return;
  }
  socket.send(text);
  message.value = '';
});

setInterval(() => {
  if (socket?.readyState === WebSocket.OPEN) socket.send(ping);
}, pingEveryMs);

void connect();

/** Connects once. Every connection and every failure ends in `tryAgain`. */
async function connect() {
  show('connecting', 'connecting…');
  append(debug, 'Trying to connect…');
  try {
    socket = new WebSocket(await freshUrl());
  } catch (error) {
    tryAgain(error.message);
    return;
  }
  let openedAt = Number.POSITIVE_INFINITY;
  socket.addEventListener('open', () => {
    openedAt = Date.now();
    show('connected', 'connected');
    append(debug, 'connected');
  });
  socket.addEventListener('message', ({ data }) => append(output, data));
  socket.addEventListener('close', ({ code, reason }) => {
    if (Date.now() - openedAt > stableMs) failures = 0;
    tryAgain(`socket closed (${[code, reason].filter(Boolean).join(' ')})`);
  });
}

/** A URL works for an hour only, so every attempt asks for a new one. */
async function freshUrl() {
  const response = await fetch('/url', { signal: AbortSignal.timeout(10_000) }).catch(() => {
    throw new Error('the demo app does not answer');
  });
  if (!response.ok) throw new Error((await response.text()).trim());
  return (await response.json()).url;
}

/** Pauses grow from 1 to 30 seconds. Half of each is random, so that many pages don't reconnect all at once. */
function tryAgain(why) {
  const longest = Math.min(2 ** failures, longestPauseSeconds);
  const seconds = longest * (0.5 + Math.random() / 2);
  failures += 1;
  show('waiting', 'not connected');
  append(debug, `${why}; trying again in ${seconds.toFixed(seconds < 10 ? 1 : 0)} s`);
  setTimeout(() => void connect(), seconds * 1000);
}

function show(state, text) {
  status.dataset.state = state;
  status.textContent = text;
}

/** Adds a line to a log, as text and never as HTML. Scrolls to the end if the end was visible before. */
function append(log, text) {
  const wasAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 4;
  const line = document.createElement('p');
  line.textContent = text;
  log.append(line);
  if (log.childElementCount > mostLines) log.firstElementChild.remove();
  if (wasAtEnd) log.scrollTop = log.scrollHeight;
}
