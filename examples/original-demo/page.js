import { ReliableSocket } from 'sockethook/client';

const mostLines = 500;

const status = document.getElementById('status');
const debug = document.getElementById('debug');
const output = document.getElementById('output');
const entry = document.getElementById('entry');
const message = document.getElementById('message');

const gone = { kind: 'waiting', text: 'disconnected; load this page to come back' };
const states = {
  connecting: { kind: 'connecting', text: 'connecting…' },
  open: { kind: 'connected', text: 'connected' },
  waiting: { kind: 'waiting', text: 'not connected' },
  closing: gone,
  closed: gone,
};

/** It comes back by itself, each time with a fresh URL, and pings in time. */
const socket = new ReliableSocket(freshUrl);
socket.onmessage = ({ data }) => append(output, data);
socket.onstatechange = tell;
tell(socket);

entry.addEventListener('submit', (event) => {
  event.preventDefault();
  const text = message.value;
  if (text === '') return;
  if (socket.state !== 'open') {
    append(debug, 'not connected yet; your message stays in its field');
    return;
  }
  socket.send(text);
  message.value = '';
});

/** A URL works for an hour only, so every attempt asks for a new one. */
async function freshUrl(signal) {
  const response = await fetch('/url', { signal }).catch(() => {
    throw new Error('the demo app does not answer');
  });
  if (!response.ok) throw new Error((await response.text()).trim());
  return (await response.json()).url;
}

/** Shows how the connection is, and notes each change. */
function tell({ state, code, reason, retryMs, error }) {
  status.dataset.state = states[state].kind;
  status.textContent = states[state].text;
  const why = error?.message ?? `socket closed (${[code, reason].filter(Boolean).join(' ')})`;
  const line =
    state === 'waiting' ? `${why}; trying again in ${(retryMs / 1000).toFixed(1)} s` : states[state].text;
  append(debug, line);
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
