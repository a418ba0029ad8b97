/**
 * The frame that keeps an idle socket alive: browsers can't ping, and API Gateway cuts a socket idle for 10 minutes.
 */
const ping = '{"sockethook":"ping"}';
const pingEveryMs = 5 * 60_000;
const longestPauseSeconds = 30;
/** After a socket was open for this long, the next pause is short again. */
const stableMs = 10_000;
const mostLines = 500;

const room = location.pathname.split('/').at(-1);
const status = document.getElementById('status');
const output = document.getElementById('output');
const message = document.getElementById('message');

let socket;
let failures = 0;

document.title = room;
document.getElementById('room').textContent = room;

document.getElementById('entry').addEventListener('submit', (event) => {
  event.preventDefault();
  if (message.value === '' || socket?.readyState !== WebSocket.OPEN) return;
  socket.send(message.value);
  message.value = '';
});

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
  socket.addEventListener('open', () => {
    openedAt = Date.now();
    status.textContent = 'connected';
  });
  socket.addEventListener('message', ({ data }) => show(JSON.parse(data)));
  socket.addEventListener('close', ({ code }) => {
    if (Date.now() - openedAt > stableMs) failures = 0;
    tryAgain(`disconnected (${code})`);
  });
}

/** The ticket works for a minute only, so every attempt asks for a new one. */
async function freshUrl() {
  const query = new URLSearchParams({ room });
  const response = await fetch(`/url?${query}`, { signal: AbortSignal.timeout(10_000) }).catch(() => {
    throw new Error('the app does not answer');
  });
  if (response.status === 401) location.assign('/');
  if (!response.ok) throw new Error((await response.text()).trim());
  return (await response.json()).url;
}

/** Pauses grow from 1 to 30 seconds. Half of each is random, so that many pages don't reconnect all at once. */
function tryAgain(why) {
  const seconds = Math.min(2 ** failures, longestPauseSeconds) * (0.5 + Math.random() / 2);
  failures += 1;
  status.textContent = `${why}; trying again in ${Math.ceil(seconds)} s`;
  setTimeout(() => void connect(), seconds * 1000);
}

/** Adds a line, as text and never as HTML, and scrolls to the end. */
function show({ name, text, notice }) {
  const line = document.createElement('p');
  if (notice === undefined) {
    const who = document.createElement('strong');
    who.textContent = name;
    line.append(who, `: ${text}`);
  } else {
    line.className = 'notice';
    line.textContent = notice;
  }
  output.append(line);
  if (output.childElementCount > mostLines) output.firstElementChild.remove();
  output.scrollTop = output.scrollHeight;
}
