import * as v from 'valibot';
import { list, whole } from '../../functions/wire/setting-values.ts';
import { type FunctionName, functionNeeds } from './function-needs.ts';

/** Memory of the functions that do not have their default, in MB. */
export type Memory = Readonly<Partial<Record<FunctionName, number>>>;

const names = Object.keys(functionNeeds).filter(isFunction);

/** AWS Lambda Developer Guide, "Configure Lambda function memory": 128 MB to 10,240 MB. */
const size = whole(128, 10_240);
const rule = `must be a whole number from 128 to 10240, or such numbers by function, as in tasks=2048,send=512; the functions are ${names.join(', ')}`;

/** One number for all functions, or `name=number` for some functions, separated by commas. */
export const memoryValue = v.pipe(
  list,
  v.rawTransform(({ dataset, addIssue, NEVER }): Memory => {
    const entries = dataset.value.flatMap(entriesOf);
    if (entries.length > 0 && !entries.includes(undefined))
      return Object.fromEntries(entries.filter((entry) => entry !== undefined));
    addIssue({ message: rule });
    return NEVER;
  }),
);

function entriesOf(part: string): (readonly [FunctionName, number] | undefined)[] {
  const [, name, digits = ''] = /^(?:([a-z-]+)=)?(.*)$/.exec(part) ?? [];
  const mb = v.safeParse(size, digits);
  if (!mb.success) return [undefined];
  if (name === undefined) return names.map((each) => [each, mb.output] as const);
  return [isFunction(name) ? [name, mb.output] : undefined];
}

function isFunction(name: string): name is FunctionName {
  return Object.hasOwn(functionNeeds, name);
}
