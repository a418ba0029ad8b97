import { ReliableSocket } from 'sockethook/client';

const mostLines = 500;

const status = document.getElementById('status');
const output = document.getElementById('output');
const message = document.getElementById('message');

/** The room that the socket is in, or will be in once it connects. */
let room = location.hash.slice(1) || 'hall';
/** The room that the ticket of the latest URL names. */
let asked;
/** The room that the page has asked to enter; undefined once the app has answered. */
let wanted;

showRoom();

/** It comes back by itself, each time with a fresh URL, and pings in time. */
const socket = new ReliableSocket(freshUrl);
socket.onopen = () => {
  // The socket may be a new one, beside the one that the page has asked on.
  if ((wanted ?? room) !== asked) enter(wanted ?? room);
};
socket.onmessage = ({ data }) => receive(JSON.parse(data));
socket.onstatechange = tell;
tell(socket);

// A link to a room changes the hash of this page, and the page asks for the room on the socket that it has.
addEventListener('hashchange', () => {
  const named = location.hash.slice(1);
  if (named === (wanted ?? room)) return;
  if (socket.state === 'open') {
    enter(named);
  } else {
    wanted = undefined;
    room = named;
    showRoom();
  }
});

/** Asks for a room on the socket that the page has. */
function enter(named) {
  wanted = named;
  socket.send(JSON.stringify({ enter: named }));
}

document.getElementById('entry').addEventListener('submit', (event) => {
  event.preventDefault();
  if (message.value === '' || socket.state !== 'open') return;
  socket.send(JSON.stringify({ text: message.value }));
  message.value = '';
});

/** Shows a line, and takes note of the room that the app says the socket is in. */
function receive({ room: current, ...line }) {
  if (current !== undefined) {
    room = current.replace('room:', '');
    // A notice says that the page may not enter.
    if (room === wanted || line.notice !== undefined) wanted = undefined;
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

/** The ticket works for a minute only, so every attempt asks for a new one. Null, if nobody is logged in, ends it. */
async function freshUrl(signal) {
  asked = room;
  const response = await fetch(`/url?${new URLSearchParams({ room })}`, { signal }).catch(() => {
    throw new Error('the app does not answer');
  });
  if (response.status === 401) {
    location.assign('/');
    return null;
  }
  if (!response.ok) throw new Error((await response.text()).trim());
  return (await response.json()).url;
}

/** Says how the connection is. */
function tell({ state, code, retryMs, error }) {
  const why = error?.message ?? `disconnected (${code})`;
  if (state === 'open') status.textContent = 'connected';
  else if (state === 'connecting') status.textContent = 'connecting…';
  else if (state === 'waiting') status.textContent = `${why}; trying again in ${Math.ceil(retryMs / 1000)} s`;
  else status.textContent = 'disconnected; load this page to come back';
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
