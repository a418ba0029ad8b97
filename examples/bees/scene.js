/** Whether the visitor wants as little motion as possible. */
export const calm = matchMedia('(prefers-reduced-motion: reduce)');

/** How long a dot of a trail can be seen. */
export const trailMs = 1_400;

const canvas = document.getElementById('trails');
const context = canvas.getContext('2d');
let [width, height, top, bottom] = [0, 0, 0, 0];

/** Turns a place from 0 to 1,000 into pixels. Bees keep off the edges, and off the cards of a narrow window. */
export function toPixels(x, y) {
  const side = 44;
  return {
    left: side + (x / 1_000) * (width - 2 * side),
    top: top + (y / 1_000) * (height - top - bottom),
  };
}

/** Turns pixels into a place from 0 to 1,000. */
export function toPlace(left, above) {
  const side = 44;
  const within = (share) => Math.round(Math.max(0, Math.min(1, share)) * 1_000);
  return {
    x: within((left - side) / (width - 2 * side)),
    y: within((above - top) / (height - top - bottom)),
  };
}

/** Draws the dotted lines behind bees. */
export function drawTrails(bees, now) {
  context.clearRect(0, 0, width, height);
  context.fillStyle = getComputedStyle(document.body).color;
  for (const { trail } of bees) {
    for (const { left, top: above, until } of trail) {
      context.globalAlpha = 0.4 * Math.max(0, (until - now) / trailMs);
      context.beginPath();
      context.arc(left, above, 2.2, 0, 2 * Math.PI);
      context.fill();
    }
  }
  context.globalAlpha = 1;
}

/** Fits the meadow to the window: its size, the canvas, and the flowers at its foot. */
export function fitScene() {
  [width, height] = [innerWidth, innerHeight];
  const style = getComputedStyle(document.documentElement);
  top = Number(style.getPropertyValue('--pad-top'));
  bottom = Number(style.getPropertyValue('--pad-bottom'));
  const scale = Math.min(devicePixelRatio, 2);
  canvas.width = width * scale;
  canvas.height = height * scale;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  plant();
}

const petals = ['#ff6f91', '#ffffff', '#ffd54a', '#b48cff', '#ff9671', '#7fb2ff'];

/** Plants flowers, the nearer ones larger, always the same. */
function plant() {
  const luck = lucky(7);
  // In a narrow window a card covers the foot of the page.
  const ground = height - Math.max(0, bottom - 70);
  const many = Math.ceil(width / 24);
  const spots = Array.from({ length: many }, (_, at) => ({ x: (at + luck()) / many, near: luck() }));
  const flowers = spots
    .sort((one, other) => one.near - other.near)
    .map(({ x, near }) => {
      const size = 18 + near * 30;
      const kind = ['daisy', 'tulip', 'bell'][Math.floor(luck() * 3)];
      const place = { x: x * width - size / 2, y: ground * (0.85 + near * 0.15) - size * 2 };
      const flower = svg('use', {
        href: `#${kind}`,
        ...place,
        width: size,
        height: size * 3,
        class: 'flower',
      });
      flower.style.setProperty('--petals', petals[Math.floor(luck() * petals.length)]);
      flower.style.animationDelay = `${-luck() * 8}s`;
      return flower;
    });
  document.getElementById('flowers').replaceChildren(...flowers);
}

/** Lights the stars of the dark theme. */
export function lightStars() {
  const luck = lucky(3);
  const stars = Array.from({ length: 110 }, () =>
    svg('circle', {
      cx: luck() * 800,
      cy: luck() ** 1.4 * 380,
      r: 0.4 + luck() ** 3 * 1.3,
      opacity: 0.35 + luck() * 0.65,
    }),
  );
  document.getElementById('stars').replaceChildren(...stars);
}

function svg(name, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** Numbers from 0 to 1 that look random and are the same every time. */
function lucky(seed) {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
