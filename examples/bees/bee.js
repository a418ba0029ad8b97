import { calm, toPixels, trailMs } from './scene.js';

/** The coats that a visitor may choose from. */
export const coats = [
  ['honey', '#ffc629'],
  ['orange', '#ff9a3d'],
  ['coral', '#ff7d6e'],
  ['pink', '#ff8fc4'],
  ['violet', '#b79bff'],
  ['sky', '#7cc4ff'],
  ['mint', '#6fe0b4'],
  ['lime', '#c3e04b'],
];

/** How fast a bee closes in on its place, a second. Places come 15 times a second, so this rounds off the corners. */
const nearing = 7;

const template = document.getElementById('bee');

/** A bee on the page: an element that follows a place. */
export class Bee {
  /** Where it shall be, from 0 to 1,000. */
  x;
  y;
  name = '';
  colour = 0;
  /** Where it has been lately: pixels and times. */
  trail = [];
  #loops;
  #left;
  #top;
  #facing = 1;
  #tilt = 0;
  #element = template.content.firstElementChild.cloneNode(true);
  #flight = this.#element.querySelector('.flight');

  /** With `comesIn` it flies in from above, else it is there at once. */
  constructor(x, y, { isMine, comesIn }) {
    this.x = x;
    this.y = y;
    const at = toPixels(x, y);
    this.#left = at.left;
    this.#top = comesIn && !calm.matches ? -60 : at.top;
    this.#element.classList.toggle('mine', isMine);
    this.#element.style.setProperty('--delay', `${-Math.random() * 2}s`);
    this.#show();
    document.getElementById('bees').append(this.#element);
  }

  /** A name is text and never HTML. */
  dress(name, colour) {
    this.name = name;
    this.colour = colour;
    this.#element.querySelector('.name').textContent = name;
    this.#element.style.setProperty('--coat', coats[colour]?.[1] ?? coats[0][1]);
  }

  /** Flies a loop if this number has changed. */
  loop(loops) {
    const isNew = this.#loops !== undefined && this.#loops !== loops;
    this.#loops = loops;
    if (!isNew || calm.matches) return;
    const frames = [
      { transform: 'none' },
      { transform: 'translate(18px, -46px) rotate(-120deg)' },
      { transform: 'translate(-18px, -46px) rotate(-240deg)' },
      { transform: 'rotate(-360deg)' },
    ];
    this.#element.querySelector('.art').animate(frames, { duration: 700, easing: 'ease-in-out' });
  }

  /** Moves it by what `seconds` allow. Returns whether there is anything left to move. */
  fly(seconds, now) {
    const at = toPixels(this.x, this.y);
    const part = 1 - Math.exp(-nearing * seconds);
    const [right, down] = [(at.left - this.#left) * part, (at.top - this.#top) * part];
    this.#left += right;
    this.#top += down;
    const speed = right / seconds;
    if (Math.abs(speed) > 30) this.#facing = Math.sign(speed);
    const tilt = calm.matches ? 0 : Math.max(-24, Math.min(24, (down / seconds) * 0.06));
    this.#tilt += (tilt - this.#tilt) * Math.min(1, seconds * 10);
    this.#show();
    this.#leaveTrail(Math.hypot(right, down), now);
    const isMoving = Math.hypot(at.left - this.#left, at.top - this.#top) > 0.2 || Math.abs(this.#tilt) > 0.2;
    return isMoving || this.trail.length > 0;
  }

  /** It flies away, and its element is removed. */
  leave() {
    this.#element.classList.add('leaving');
    setTimeout(() => this.#element.remove(), calm.matches ? 0 : 800);
  }

  #show() {
    this.#element.style.transform = `translate3d(${this.#left.toFixed(1)}px, ${this.#top.toFixed(1)}px, 0)`;
    this.#flight.style.transform = `scaleX(${this.#facing}) rotate(${this.#tilt.toFixed(1)}deg)`;
  }

  #leaveTrail(moved, now) {
    if (calm.matches) this.trail = [];
    const last = this.trail.at(-1);
    const far = last === undefined || Math.hypot(last.left - this.#left, last.top - this.#top) > 14;
    if (moved > 0.3 && far && !calm.matches)
      this.trail.push({ left: this.#left, top: this.#top, until: now + trailMs });
    while (this.trail.length > 0 && this.trail[0].until < now) this.trail.shift();
  }
}
