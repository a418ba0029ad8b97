/** An object somewhere in a document, with the JSON pointer to it. */
export interface Node {
  readonly at: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** Every object in a document, the document first. Examples are left out: they only look like the document. */
export function* nodes(value: unknown, at = ''): Generator<Node> {
  if (typeof value !== 'object' || value === null) return;
  const content: Readonly<Record<string, unknown>> = { ...value };
  if (!Array.isArray(value)) yield { at, content };
  for (const [name, child] of Object.entries(content)) {
    if (name !== 'examples') yield* nodes(child, `${at}/${name}`);
  }
}
