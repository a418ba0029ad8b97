import * as v from 'valibot';

/** The meadow is as wide and as high as this on every screen. */
export const edge = 1_000;
/** How many colours a bee may choose from; the page knows them by number. */
export const colours = 8;

const place = (name: string) => {
  const rule = `"${name}" must be a number from 0 to ${edge}.`;
  return v.pipe(v.number(rule), v.minValue(0, rule), v.maxValue(edge, rule), v.transform(Math.round));
};
const colourRule = `"colour" must be a whole number from 0 to ${colours - 1}.`;
const nameRule = 'A name is 1 to 20 letters, digits, spaces, ".", "_", "\'" and "-".';
const name = v.pipe(v.string(nameRule), v.trim(), v.regex(/^[\p{L}\p{M}\p{N} ._'-]{1,20}$/u, nameRule));

const colour = v.pipe(
  v.number(colourRule),
  v.integer(colourRule),
  v.minValue(0, colourRule),
  v.maxValue(colours - 1, colourRule),
);
const loop = v.literal(true, '"loop" must be true.');

const change = v.pipe(
  v.partial(
    v.object({ x: place('x'), y: place('y'), name, colour, loop }, 'A message is "look" or a JSON object.'),
  ),
  v.check(({ x, y }) => (x === undefined) === (y === undefined), '"x" and "y" come together.'),
);

/** What a page wants to change of its visitor's bee. `x` and `y` are from 0 to `edge`; `loop` has it fly a loop. */
export type Change = v.InferOutput<typeof change>;

/** Reads a message of a page. Anybody can send anything, so what is wrong is a sentence for whoever sent it. */
export function readChange(body: string): Change | string {
  const read = v.safeParse(change, parse(body));
  return read.success ? read.output : read.issues[0].message;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
