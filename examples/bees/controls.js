import { coats } from './bee.js';
import { toPlace } from './scene.js';

const meadow = document.getElementById('meadow');
const name = document.getElementById('name');
const colours = document.getElementById('colours');
/** How far an arrow key flies, a second. */
const keySpeed = 520;
/** A pointer that is pressed and released within this many pixels is a click. */
const clickPx = 10;

const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const held = new Set();

/** Sets up pointer, keys and form. `act` has `flyTo(place)`, `loop()`, `dress(change)` and `wake()`. */
export function control(act) {
  followPointer(act);
  followKeys(act);
  for (const [number, [coat, fill]] of coats.entries()) colours.append(swatch(number, coat, fill));
  colours.addEventListener('change', ({ target }) => act.dress({ colour: Number(target.value) }));
  name.addEventListener('change', () => act.dress({ name: name.value }));
  document.getElementById('controls').addEventListener('submit', (event) => {
    event.preventDefault();
    name.blur();
  });
}

/** Where the keys that are held take a bee in this time; undefined if none is. */
export function keyedPlace({ x, y }, seconds) {
  if (held.size === 0) return undefined;
  const sum = (axis) => [...held].reduce((all, key) => all + arrows[key][axis], 0);
  const within = (value) => Math.max(0, Math.min(1_000, value));
  return { x: within(x + sum(0) * keySpeed * seconds), y: within(y + sum(1) * keySpeed * seconds) };
}

/** Shows how the visitor's bee is dressed, unless they are changing it. */
export function showDress(bee) {
  if (document.activeElement !== name) name.value = bee.name;
  const chosen = colours.querySelector(`[value="${bee.colour}"]`);
  if (chosen !== null) chosen.checked = true;
}

function followPointer(act) {
  let pressed;
  addEventListener('pointermove', (event) => {
    if (event.pointerType === 'mouse' || pressed !== undefined)
      act.flyTo(toPlace(event.clientX, event.clientY));
  });
  meadow.addEventListener('pointerdown', (event) => {
    pressed = event;
    meadow.setPointerCapture(event.pointerId);
    name.blur();
  });
  meadow.addEventListener('pointerup', (event) => {
    const isClick =
      pressed && Math.hypot(event.clientX - pressed.clientX, event.clientY - pressed.clientY) < clickPx;
    pressed = undefined;
    if (!isClick) return;
    act.flyTo(toPlace(event.clientX, event.clientY));
    act.loop();
  });
  meadow.addEventListener('pointercancel', () => {
    pressed = undefined;
  });
}

function followKeys(act) {
  addEventListener('keydown', (event) => {
    // In the form, arrows move the cursor and choose a colour.
    if (event.target.closest?.('form') || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === ' ' && !event.repeat) act.loop();
    if (event.key in arrows) held.add(event.key);
    if (event.key !== ' ' && !(event.key in arrows)) return;
    event.preventDefault();
    act.wake();
  });
  addEventListener('keyup', ({ key }) => held.delete(key));
  addEventListener('blur', () => held.clear());
}

function swatch(number, coat, fill) {
  const input = document.createElement('input');
  Object.assign(input, { type: 'radio', name: 'colour', value: String(number), title: coat });
  input.setAttribute('aria-label', coat);
  input.style.setProperty('--coat', fill);
  return input;
}
