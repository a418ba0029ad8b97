/** A DynamoDB value of one of the types in our table. Amazon DynamoDB API Reference, "AttributeValue". */
export type Attribute = Text | Numeral | Texts | TextSet;

/** The item of one socket. DynamoDB: at most 400 KB. Only the outbox is large, and it has at most 256 KiB. */
export type Item = Readonly<Record<string, Attribute>>;

interface Text {
  readonly S: string;
  readonly N?: never;
  readonly L?: never;
  readonly SS?: never;
}

interface Numeral {
  readonly S?: never;
  readonly N: string;
  readonly L?: never;
  readonly SS?: never;
}

interface Texts {
  readonly S?: never;
  readonly N?: never;
  readonly L: Text[];
  readonly SS?: never;
}

interface TextSet {
  readonly S?: never;
  readonly N?: never;
  readonly L?: never;
  readonly SS: string[];
}

/** A text as an attribute. */
export function text(value: string): Text {
  return { S: value };
}

/** A number as an attribute, in decimal digits. */
export function number(value: number): Numeral {
  return { N: String(value) };
}

/** A list of texts as an attribute. Its texts may be empty. */
export function texts(values: readonly string[]): Texts {
  return { L: values.map(text) };
}

/** A set of texts as an attribute. DynamoDB: at least one text, and no text twice. */
export function textSet(values: readonly [string, ...string[]]): TextSet {
  return { SS: [...values] };
}

/**
 * Reads an item from DynamoDB's response. Attributes of types that we never write are left out. Throws if the value is
 * not an item, or if a list or a set holds anything but texts, since the places in a list matter.
 */
export function itemFrom(value: unknown): Item {
  if (!isObject(value)) throw new Error('An item of DynamoDB cannot be read.');
  const item: Record<string, Attribute> = {};
  for (const [name, content] of Object.entries(value)) {
    const attribute = attributeFrom(content);
    if (attribute !== undefined) item[name] = attribute;
  }
  return item;
}

function attributeFrom(value: unknown): Attribute | undefined {
  if (!isObject(value)) throw new Error('An attribute of DynamoDB cannot be read.');
  if ('S' in value && typeof value.S === 'string') return { S: value.S };
  if ('N' in value && typeof value.N === 'string') return { N: value.N };
  if ('SS' in value && Array.isArray(value.SS)) return { SS: value.SS.map(memberFrom) };
  return 'L' in value && Array.isArray(value.L) ? { L: value.L.map(textFrom) } : undefined;
}

function memberFrom(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new Error('A set of DynamoDB holds something that is no text.');
}

function textFrom(value: unknown): Text {
  if (isObject(value) && 'S' in value && typeof value.S === 'string') return { S: value.S };
  throw new Error('A list of DynamoDB holds something that is no text.');
}

/** Whether a value of a response is an object, and not a list. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
