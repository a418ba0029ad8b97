import { Details } from './details.js';
import { byId, element, setText } from './dom.js';
import { Forms } from './forms.js';
import { HookList } from './hook-list.js';
import { Model } from './model.js';
import { SocketList } from './socket-list.js';
import { follow } from './stream.js';
import { countText, timeText } from './words.js';

/** How often failures are said aloud, at most, in milliseconds. */
const announceMs = 10_000;

const states = {
  connecting: 'Connecting…',
  live: 'Connected',
  away: 'The gateway does not answer. This page tries again by itself.',
  forbidden:
    'The token of this page is not valid any more: each start of the gateway makes a new one. Open the URL that the gateway has printed, and this page goes on by itself.',
  full: 'Too many inspector pages are open. Close one, and this page goes on by itself.',
};

const model = new Model();
const forms = new Forms();
const sockets = new SocketList(model, select);
const hooks = new HookList(model, {
  open: ({ number }) => details.open(number),
  unselect: () => select(undefined),
});
const details = new Details(model, (number, before) => {
  hooks.mark(number);
  if (number === undefined && !hooks.focus(before)) byId('hooks-title').focus();
});

let isDrawing = false;

/** Draws what has changed, at most once a frame. */
function draw() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    sockets.show();
    hooks.show();
    details.show();
  });
}

function select(socket) {
  sockets.select(socket);
  forms.select(socket);
  hooks.select(socket);
}

function take(name, data) {
  if (name === 'snapshot') begin(data);
  else if (name === 'changes') model.change(data, Date.now());
  draw();
}

function begin(snapshot) {
  const restarted = model.replace(snapshot);
  showGateway(snapshot.gateway);
  if (!restarted) return;
  details.close();
  select(undefined);
  tell(
    `The gateway was started again at ${timeText(snapshot.gateway.startedAt).slice(0, 8)}. What was here before is gone.`,
  );
}

function showState(state) {
  const line = byId('connection');
  line.dataset.state = state;
  setText(line, states[state]);
}

function tell(text) {
  setText(byId('notice-text'), text);
  setText(byId('announcement'), text);
  byId('notice').hidden = false;
}

function showGateway({ webSocketUrl, apiUrl, webhookBaseUrl, version, startedAt }) {
  const rows = [
    ['Clients connect to', webSocketUrl],
    ['Your app calls', apiUrl],
    ['Webhooks go to', webhookBaseUrl],
    ['Version', version],
    ['Started', timeText(startedAt).slice(0, 8)],
  ];
  const pairs = rows.map(([name, value]) =>
    element('div', {}, element('dt', {}, name), element('dd', {}, String(value))),
  );
  byId('gateway').replaceChildren(...pairs);
}

byId('notice-close').addEventListener('click', () => {
  byId('notice').hidden = true;
  byId('hooks-title').focus();
});

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || details.number === undefined) return;
  // In a search field, Escape empties the field first.
  if (event.target.type === 'search' && event.target.value !== '') return;
  details.close();
});

setInterval(() => {
  if (model.forgetEnded(Date.now())) draw();
  else if (!document.hidden) sockets.tick();
}, 1_000);

setInterval(() => {
  const failures = model.takeFailures();
  if (failures > 0)
    setText(
      byId('announcement'),
      `${countText(failures, 'hook')} failed at ${timeText(Date.now()).slice(0, 8)}.`,
    );
}, announceMs);

if (matchMedia('(max-width: 60rem)').matches) byId('calls').open = false;
void follow(take, showState);
