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
const output = document.getElementById('output');
const message = document.getElementById('message');

let socket;
let failures = 0;
/** The room that the socket is in, or will be in once it connects. */
let room = location.hash.slice(1) || 'hall';

showRoom();

// A link to a room changes the hash of this page, and the page asks for the room on the socket that it has.
addEventListener('hashchange', () => {
  const wanted = location.hash.slice(1);
  if (wanted === room) return;
  if (socket?.readyState === WebSocket.OPEN) {
    socket.send(JSON.stringify({ enter: wanted }));
  } else {
    room = wanted;
    showRoom();
  }
});

document.getElementById('entry').addEventListener('submit', (event) => {
  event.preventDefault();
  if (message.value === '' || socket?.readyState !== WebSocket.OPEN) return;
  socket.send(JSON.stringify({ text: message.value }));
  message.value = '';
});

setInterval(() => {
  if (socket?.readyState === WebSocket.OPEN) socket.send(ping);
}, pingEveryMs);

void connect();

/** Connects once. Every connection and every failure ends in `tryAgain`. */
async function connect() {
  status.textContent = 'connecting…';
  const asked = room;
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
    if (room !== asked) socket.send(JSON.stringify({ enter: room }));
  });
  socket.addEventListener('message', ({ data }) => receive(JSON.parse(data)));
  socket.addEventListener('close', ({ code }) => {
    if (Date.now() - openedAt > stableMs) failures = 0;
    tryAgain(`disconnected (${code})`);
  });
}

/** Shows a line, and takes note of the room that the app says the socket is in. */
function receive({ room: current, ...line }) {
  if (current !== undefined) {
    room = current.replace('room:', '');
    showRoom();
  }
  if (line.notice !== undefined || line.text !== undefined) show(line);
}

/** The title, the URL and the links say which room it is. */
function showRoom() {
  document.title = room;
  document.getElementById('room').textContent = room;
  history.replaceState(null, '', `#${room}`);
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === `#${room}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
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
