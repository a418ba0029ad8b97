const status = document.getElementById('status');
const output = document.getElementById('output');
/** The user that the form submitted. Submitting it loads this page again. */
const user = new URLSearchParams(location.search).get('user');
const message = document.getElementById('message');

let socket;

document.getElementById('entry').addEventListener('submit', (event) => {
  event.preventDefault();
  if (socket?.state !== 'open') return;
  socket.send(message.value);
  message.value = '';
});

if (user) {
  document.getElementById('user').value = user;
  // It is in `/client.js`. It comes back by itself, each time with a fresh URL, and pings in time.
  socket = new globalThis.sockethook.ReliableSocket(freshUrl);
  socket.onmessage = ({ data }) => append(data);
  socket.onstatechange = tell;
  tell(socket);
}

/** A URL expires, so every attempt asks for a new one. */
async function freshUrl(signal) {
  const response = await fetch(`/url?user=${encodeURIComponent(user)}`, { signal }).catch(() => {
    throw new Error('the app does not answer');
  });
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

/** Adds a line, as text and never as HTML. */
function append(text) {
  const line = document.createElement('p');
  line.textContent = text;
  output.prepend(line);
}
