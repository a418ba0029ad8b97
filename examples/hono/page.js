import { ReliableSocket } from 'sockethook/client';

const status = document.getElementById('status');
const poll = document.getElementById('poll');

/** The version of the counts that the page shows. A new connection brings new counts, whatever their version. */
let newest;

/** It comes back by itself, each time with a fresh URL, and pings in time. */
const socket = new ReliableSocket(freshUrl);
socket.onopen = () => {
  newest = -1;
};
socket.onmessage = ({ data }) => {
  const { version, counts } = JSON.parse(data);
  if (version > newest) show(counts);
  newest = Math.max(newest, version);
};
socket.onstatechange = tell;
tell(socket);

/** A URL works for an hour only, so every attempt asks for a new one. */
async function freshUrl(signal) {
  const response = await fetch('/url', { signal }).catch(() => {
    throw new Error('the app does not answer');
  });
  if (!response.ok) throw new Error(`the app answers ${response.status}`);
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
    if (socket.state === 'open') socket.send(dish);
  });
  bar.setAttribute('aria-label', `votes for ${dish}`);
  line.append(button, bar, number);
  return line;
}
