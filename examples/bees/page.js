import { Bee, coats } from './bee.js';
import { Connection } from './connection.js';
import { control, keyedPlace, showDress } from './controls.js';
import { drawTrails, fitScene, lightStars } from './scene.js';

/** At most 15 places a second are sent, the last one always. */
const sendEveryMs = 66;
/** For how long the bee ignores where the gateway says it is, after this page has moved it. */
const ownMs = 1_000;
/** If a visitor's bee is not there by then, the app may have lost its memory, and hears of it. */
const missedMs = 3_000;
const mostNames = 12;

const status = document.getElementById('status');
const here = document.getElementById('here');
const notice = document.getElementById('notice');

/** The bees that have a place, by id. */
const bees = new Map();
/** The version of the last news of each bee, also of those that have gone: broadcasts may overtake one another. */
const versions = new Map();
let all = 0;
let you;
/** Where this visitor's bee shall be. */
let place = { x: 250 + Math.round(Math.random() * 500), y: 200 + Math.round(Math.random() * 500) };
let unsent;
let sentAt = 0;
let movedAt = 0;
let missing;
let isDrawing = false;
let drawnAt;

const connection = new Connection({
  opened: () => {
    all = 0;
    connection.send('look');
    clearTimeout(missing);
    missing = setTimeout(() => bees.has(you) || introduce(), missedMs);
  },
  received: ({ notice: sentence, version, ...news }) => {
    if (sentence === undefined) receive(version, news);
    else notice.textContent = sentence;
  },
  changed: (state, text) => {
    clearTimeout(missing);
    show(state, text);
  },
});

control({ flyTo, loop, dress, wake });
addEventListener('resize', refit);
fitScene();
lightStars();

/** News of bees. With `all` these are all that there are. */
function receive(version, { all: isAll = false, you: mine = you, bees: changed, gone = [] }) {
  you = mine;
  const known = new Set(changed.map(({ id }) => id));
  const lost = isAll ? [...bees.keys()].filter((id) => !known.has(id)) : gone;
  for (const id of lost) if (isNewer(id, version)) remove(id);
  for (const bee of changed) if (isNewer(bee.id, version)) update(bee);
  if (isAll) {
    for (const [id, last] of versions) if (last < version && !known.has(id)) versions.delete(id);
    all = version;
  }
  if (all > 0) show('connected', count(bees.size));
  list();
  wake();
}

/** Whether this is the newest of a bee. Before the first snapshot, and of a bee that it left out, the snapshot decides. */
function isNewer(id, version) {
  if (version < Math.max(versions.get(id) ?? 0, all)) return false;
  versions.set(id, version);
  return true;
}

function update({ id, x, y, name, colour, loops }) {
  const isMine = id === you;
  if (x === undefined) {
    if (isMine) introduce();
    return;
  }
  const isOwn = isMine && Date.now() - movedAt < ownMs;
  if (isMine && !isOwn) place = { x, y };
  const bee = bees.get(id) ?? new Bee(x, y, { isMine, comesIn: all > 0 });
  bees.set(id, bee);
  if (!isOwn) Object.assign(bee, { x, y });
  bee.dress(name, colour);
  bee.loop(loops);
  if (isMine) showDress(bee);
}

function remove(id) {
  bees.get(id)?.leave();
  bees.delete(id);
}

/** Tells where this visitor's bee is and how it is dressed; the app has a name for one that has none. */
function introduce() {
  const { name, colour } = wardrobe();
  connection.send(JSON.stringify({ ...whole(place), name, colour }));
}

function flyTo(to) {
  place = to;
  unsent = to;
  movedAt = Date.now();
  const bee = bees.get(you);
  if (bee !== undefined) Object.assign(bee, to);
  wake();
}

function loop() {
  connection.send('{"loop":true}');
}

/** Changes the name or the colour, here and in this browser's next visit. */
function dress(change) {
  notice.textContent = '';
  connection.send(JSON.stringify(change));
  try {
    localStorage.setItem('bee', JSON.stringify({ ...wardrobe(), ...change }));
  } catch {
    // A browser may store nothing; the bee then has the app's name on the next visit.
  }
}

function wardrobe() {
  try {
    const { name, colour } = Object(JSON.parse(localStorage.getItem('bee')));
    return { name, colour };
  } catch {
    return {};
  }
}

/** Draws until nothing moves any more. The browser calls it for a visible page only. */
function draw(now) {
  const seconds = Math.min(0.1, (now - (drawnAt ?? now - 16)) / 1000) || 0.001;
  drawnAt = now;
  const keyed = keyedPlace(place, seconds);
  if (keyed !== undefined) flyTo(keyed);
  let isMoving = keyed !== undefined;
  for (const bee of bees.values()) isMoving = bee.fly(seconds, now) || isMoving;
  drawTrails(bees.values(), now);
  if (unsent !== undefined && now - sentAt >= sendEveryMs) {
    if (bees.has(you)) connection.send(JSON.stringify(whole(unsent)));
    unsent = undefined;
    sentAt = now;
  }
  isDrawing = false;
  if (isMoving || unsent !== undefined) wake();
  else drawnAt = undefined;
}

function wake() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(draw);
}

function refit() {
  fitScene();
  wake();
}

function whole({ x, y }) {
  return { x: Math.round(x), y: Math.round(y) };
}

function show(state, text) {
  status.dataset.state = state;
  if (status.textContent !== text) status.textContent = text;
}

function count(number) {
  return number === 1 ? 'you are the first bee here' : `${number} bees are here`;
}

/** Lists names, the visitor's first. */
function list() {
  const sorted = [...bees].sort(([one], [other]) => Number(other === you) - Number(one === you));
  const text = sorted.map(([id, { name, colour }]) => [id === you ? `${name} (you)` : name, colour]);
  const key = JSON.stringify(text);
  if (here.dataset.key === key) return;
  here.dataset.key = key;
  const items = text.slice(0, mostNames).map(([name, colour]) => item(name, colour));
  if (text.length > mostNames) items.push(item(`and ${text.length - mostNames} more`));
  here.replaceChildren(...items);
}

function item(text, colour) {
  const line = document.createElement('li');
  if (colour !== undefined) {
    const dot = document.createElement('span');
    dot.className = 'dot';
    dot.style.setProperty('--coat', coats[colour][1]);
    line.append(dot);
  }
  line.append(text);
  return line;
}
