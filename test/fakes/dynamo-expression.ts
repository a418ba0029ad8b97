import { type Attribute, type Item, number, textSet } from '../../functions/aws/dynamo/attribute.ts';

/** The names and values of an expression, as they are given to DynamoDB. */
export interface Placeholders {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Item;
}

/** What DynamoDB does with an item: it has a condition, or it is changed. */
type Test = (item: Item) => boolean;
type Read = (item: Item) => Attribute | undefined;
type Write = (before: Item, after: Record<string, Attribute>) => void;

/** DynamoDB's operators. A missing attribute is unequal to everything, and neither less nor greater. */
const comparisons: Readonly<Record<string, (one: Attribute, other: Attribute) => boolean>> = {
  '=': (one, other) => orderOf(one, other) === 0,
  '<': (one, other) => orderOf(one, other) < 0,
  '<=': (one, other) => orderOf(one, other) <= 0,
  '>': (one, other) => orderOf(one, other) > 0,
  '>=': (one, other) => orderOf(one, other) >= 0,
};

/**
 * Reads DynamoDB's expressions, as far as this project uses them (Amazon DynamoDB Developer Guide, "Using expressions
 * in DynamoDB"). Like DynamoDB it refuses names and values that are missing or not used.
 */
export class Expressions {
  readonly #names: Readonly<Record<string, string>>;
  readonly #values: Item;
  readonly #used = new Set<string>();
  #tokens: string[] = [];

  constructor({ ExpressionAttributeNames = {}, ExpressionAttributeValues = {} }: Placeholders) {
    this.#names = ExpressionAttributeNames;
    this.#values = ExpressionAttributeValues;
  }

  /** Reads a condition. One that is not given is always met. */
  condition(expression: string | undefined): Test {
    if (expression === undefined) return () => true;
    this.#begin(expression);
    const test = this.#or();
    this.#end();
    return test;
  }

  /** Reads an update, which returns the changed item. */
  update(expression: string): (item: Item) => Item {
    this.#begin(expression);
    const writes: Write[] = [];
    while (this.#tokens.length > 0) {
      const clause = this.#next();
      do writes.push(this.#write(clause));
      while (this.#takes(','));
    }
    return (item) => {
      const after = { ...item };
      for (const write of writes) write(item, after);
      return after;
    };
  }

  /** Reads a projection, which returns the named attributes alone. */
  projection(expression: string | undefined): (item: Item) => Item {
    if (expression === undefined) return (item) => item;
    const names = expression.split(/, */).map((mark) => this.#name(mark));
    return (item) => Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name)));
  }

  /** Throws if a name or a value was not used. */
  finish(): void {
    const given = [...Object.keys(this.#names), ...Object.keys(this.#values)];
    const unused = given.filter((mark) => !this.#used.has(mark));
    if (unused.length > 0) throw new Error(`An expression does not use ${unused.join(', ')}.`);
  }

  #begin(expression: string): void {
    this.#tokens = expression.match(/[#:]?\w+|<>|<=|>=|\S/g) ?? [];
  }

  #end(): void {
    if (this.#tokens.length > 0) throw new Error(`An expression goes on with ${this.#tokens.join(' ')}.`);
  }

  #or(): Test {
    const tests = [this.#and()];
    while (this.#takes('OR')) tests.push(this.#and());
    return (item) => tests.some((test) => test(item));
  }

  #and(): Test {
    const tests = [this.#not()];
    while (this.#takes('AND')) tests.push(this.#not());
    return (item) => tests.every((test) => test(item));
  }

  #not(): Test {
    if (!this.#takes('NOT')) return this.#primary();
    const test = this.#not();
    return (item) => !test(item);
  }

  #primary(): Test {
    if (this.#takes('(')) {
      const test = this.#or();
      this.#expect(')');
      return test;
    }
    if (this.#takes('attribute_exists')) return this.#call(([read]) => read !== undefined);
    if (this.#takes('attribute_not_exists')) return this.#call(([read]) => read === undefined);
    if (this.#takes('begins_with'))
      return this.#call(([one, other]) => one?.S?.startsWith(other?.S ?? '') === true);
    if (this.#takes('contains'))
      return this.#call(([one, other]) => one?.SS?.includes(other?.S ?? '') === true);
    const one = this.#operand();
    const operator = this.#next();
    if (operator === 'IN') return this.#call(([found, ...others]) => isAmong(found, others), one);
    const other = this.#operand();
    if (operator === '<>') return (item) => !areEqual(one(item), other(item));
    const compare = comparisons[operator];
    if (compare === undefined) throw new Error(`An expression has the operator ${operator}.`);
    return (item) => {
      const [left, right] = [one(item), other(item)];
      return left !== undefined && right !== undefined && compare(left, right);
    };
  }

  /** Reads arguments in brackets. */
  #call(test: (values: readonly (Attribute | undefined)[]) => boolean, ...before: readonly Read[]): Test {
    const reads = [...before];
    this.#expect('(');
    do reads.push(this.#operand());
    while (this.#takes(','));
    this.#expect(')');
    return (item) => test(reads.map((read) => read(item)));
  }

  #operand(): Read {
    if (this.#takes('size')) {
      this.#expect('(');
      const read = this.#operand();
      this.#expect(')');
      return (item) => sizeOf(read(item));
    }
    const mark = this.#next();
    if (mark.startsWith('#')) {
      const name = this.#name(mark);
      return (item) => item[name];
    }
    const value = this.#value(mark);
    return () => value;
  }

  #write(clause: string): Write {
    const name = this.#name(this.#next());
    if (clause === 'REMOVE') return this.#removal(name);
    if (clause === 'ADD') {
      const value = this.#value(this.#next());
      return (before, after) => {
        after[name] = sum(before[name], value);
      };
    }
    this.#expect('=');
    const read = this.#assigned();
    return (before, after) => {
      const value = read(before);
      if (value === undefined) throw new Error(`An update sets ${name} to an attribute that is missing.`);
      after[name] = value;
    };
  }

  #removal(name: string): Write {
    if (!this.#takes('['))
      return (_, after) => {
        delete after[name];
      };
    const place = this.#next();
    this.#expect(']');
    // Places count as they were before the update.
    return (before, after) => {
      const gone = before[name]?.L?.[Number(place)];
      after[name] = { L: (after[name]?.L ?? []).filter((one) => one !== gone) };
    };
  }

  #assigned(): Read {
    if (this.#takes('list_append')) {
      let joined: Attribute | undefined;
      const test = this.#call(([one, other]) => {
        joined = { L: [...(one?.L ?? []), ...(other?.L ?? [])] };
        return true;
      });
      return (item) => (test(item) ? joined : undefined);
    }
    const one = this.#operand();
    const sign = this.#takes('+') ? 1 : this.#takes('-') ? -1 : 0;
    if (sign === 0) return one;
    const other = this.#operand();
    return (item) => number(Number(one(item)?.N) + sign * Number(other(item)?.N));
  }

  #name(mark: string): string {
    const name = this.#names[mark];
    if (name === undefined) throw new Error(`An expression has no name for ${mark}.`);
    this.#used.add(mark);
    return name;
  }

  #value(mark: string): Attribute {
    const value = this.#values[mark];
    if (value === undefined) throw new Error(`An expression has no value for ${mark}.`);
    this.#used.add(mark);
    return value;
  }

  #next(): string {
    return this.#tokens.shift() ?? 'nothing';
  }

  #takes(token: string): boolean {
    if (this.#tokens[0] !== token) return false;
    this.#tokens.shift();
    return true;
  }

  #expect(token: string): void {
    const found = this.#next();
    if (found !== token) throw new Error(`An expression has ${found} in place of ${token}.`);
  }
}

/** How two texts are sorted: by their bytes. */
export function compareTexts(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

function orderOf(one: Attribute, other: Attribute): number {
  if (one.N !== undefined && other.N !== undefined) return Number(one.N) - Number(other.N);
  if (one.S !== undefined && other.S !== undefined) return compareTexts(one.S, other.S);
  return Number.NaN;
}

function areEqual(one: Attribute | undefined, other: Attribute | undefined): boolean {
  return one !== undefined && other !== undefined && orderOf(one, other) === 0;
}

function isAmong(one: Attribute | undefined, others: readonly (Attribute | undefined)[]): boolean {
  return others.some((other) => areEqual(one, other));
}

function sizeOf(value: Attribute | undefined): Attribute | undefined {
  if (value?.L !== undefined) return number(value.L.length);
  return value?.S === undefined ? undefined : number(Buffer.byteLength(value.S));
}

function sum(one: Attribute | undefined, other: Attribute): Attribute {
  if (other.SS === undefined) return number(Number(one?.N ?? 0) + Number(other.N));
  const [first = '', ...rest] = new Set([...(one?.SS ?? []), ...other.SS]);
  return textSet([first, ...rest]);
}
