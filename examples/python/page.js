/**
 * The frame that keeps an idle socket alive: browsers can't ping, and API Gateway cuts a socket idle for 10 minutes.
 */
const ping = '{"sockethook":"ping"}';
/** The gateway's answer to it. */
const pong = '{"sockethook":"pong"}';
const pingEveryMs = 5 * 60_000;
const longestPauseSeconds = 30;

const status = document.getElementById('status');
const output = document.getElementById('output');
/** The user that the form submitted. Submitting it loads this page again. */
const user = new URLSearchParams(location.search).get('user');
const message = document.getElementById('message');

let socket;
let failures = 0;

document.getElementById('entry').addEventListener('submit', (event) => {
  event.preventDefault();
  if (socket?.readyState !== WebSocket.OPEN) return;
  socket.send(message.value);
  message.value = '';
});

setInterval(() => {
  if (socket?.readyState === WebSocket.OPEN) socket.send(ping);
}, pingEveryMs);

if (user) {
  document.getElementById('user').value = user;
  void connect();
}

/** Connects once. Every connection and every failure ends in `tryAgain`. */
async function connect() {
  status.textContent = 'connecting…';
  try {
    socket = new WebSocket(await freshUrl());
  } catch (error) {
    tryAgain(error.message);
    return;
  }
  socket.addEventListener('open', () => {
    failures = 0;
    status.textContent = 'connected';
  });
  socket.addEventListener('message', ({ data }) => {
    if (data !== pong) append(data);
  });
  socket.addEventListener('close', ({ code }) => tryAgain(`closed (${code})`));
}

/** A URL expires, so every attempt asks for a new one. */
async function freshUrl() {
  const response = await fetch(`/url?user=${encodeURIComponent(user)}`);
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

/** Adds a line, as text and never as HTML. */
function append(text) {
  const line = document.createElement('p');
  line.textContent = text;
  output.prepend(line);
}
