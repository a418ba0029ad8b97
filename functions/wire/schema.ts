import * as v from 'valibot';
import { type DocumentError, malformed } from './document-error.ts';
import { parseGroup } from './group.ts';
import { limits } from './limits.ts';
import { escapePath, parsePath } from './path.ts';
import { byteLength, isPrintable, isWellFormed } from './printable.ts';
import { err, ok, type Result } from './result.ts';
import { parseUser } from './user.ts';

/** Reads a document by its schema. The error names the first field that is wrong. */
export function readBy<Output>(
  schema: v.GenericSchema<unknown, Output>,
  document: unknown,
): Result<Output, DocumentError> {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return err(malformed('The document must be a JSON object.'));
  }
  const read = v.safeParse(schema, document, { abortEarly: true });
  return read.success ? ok(read.output) : err(documentError(read.issues[0]));
}

/** A text that can be a message: well-formed, and at most `maxBytes` of UTF-8. */
export function messageText(maxBytes: number) {
  return v.pipe(
    v.string('must be text'),
    atMost(maxBytes),
    v.check(isWellFormed, 'must be well-formed Unicode'),
  );
}

/** A limit in bytes of UTF-8. Valibot's own check encodes the text just to count its bytes. */
function atMost(limit: number) {
  const isWithin = (text: string): boolean => byteLength(text) <= limit;
  return v.check(Object.assign(isWithin, { limit }), `must be at most ${limit} bytes of UTF-8`);
}

/** A path as an app writes it, such as `foo` or `/a b`. Escapes what needs it. */
export const pathText = v.pipe(
  v.string('must be text'),
  v.check(isWellFormed, 'must be well-formed Unicode'),
  v.check((text) => !text.includes('?'), 'must be a path without a query'),
  parsed((text) => parsePath(escapePath(text))),
);

/** The name of a user. Empty means no particular user. */
export const userText = v.pipe(v.string('must be text'), parsed(parseUser));

/** The name of a particular user. */
export const someUserText = v.pipe(
  v.string('must be text'),
  v.minLength(1, 'must name a user'),
  parsed(parseUser),
);

/** The name of a group. */
export const groupText = v.pipe(v.string('must be text'), parsed(parseGroup));

/** A list of groups. Repeated names count once. */
export const groupList = v.pipe(
  v.array(groupText, 'must be a list of groups'),
  v.maxLength(limits.groupsPerAction, `must be at most ${limits.groupsPerAction} groups`),
  v.transform((names) => [...new Set(names)]),
);

/** The state of a socket: printable text of at most 4 KiB. */
export const stateText = v.pipe(
  v.string('must be text'),
  atMost(limits.stateBytes),
  v.check(isPrintable, 'must be printable text'),
);

/** Makes a parser the last step of a pipe. Its error becomes the issue. */
export function parsed<Value>(parse: (text: string) => Result<Value, string>) {
  return v.rawTransform<string, Value>(({ dataset, addIssue, NEVER }) => {
    const result = parse(dataset.value);
    if (result.ok) return result.value;
    addIssue({ message: `is not allowed: ${result.error}` });
    return NEVER;
  });
}

/** The maximum number of characters of a field's name that an error repeats. */
const maxShown = 128;

function documentError(issue: v.BaseIssue<unknown>): DocumentError {
  const field = shownName(v.getDotPath(issue) ?? undefined);
  const named = field === undefined ? {} : { field };
  const subject = field === undefined ? 'The document' : `"${field}"`;
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return { code: 'unknown_field', detail: `${subject} is not a field here.`, ...named };
  }
  if (issue.received === 'undefined')
    return { code: 'missing_field', detail: `${subject} is missing.`, ...named };
  const limit = limitOf(issue);
  const code = limit !== undefined && field === 'body' ? 'body_too_large' : 'invalid_field';
  const limited = limit === undefined ? {} : { limit };
  return { code, detail: `${subject} ${sentence(issue)}.`, ...named, ...limited };
}

/** An unknown field's name can be as long as the document, so an error shows only its beginning. */
function shownName(name: string | undefined): string | undefined {
  return name === undefined || name.length <= maxShown ? name : `${name.slice(0, maxShown).toWellFormed()}…`;
}

/** The limit that was exceeded. Valibot's own rules hold it as their requirement, ours as a property. */
function limitOf({ requirement }: v.BaseIssue<unknown>): number | undefined {
  if (typeof requirement === 'number') return requirement;
  const has = typeof requirement === 'function' && 'limit' in requirement ? requirement.limit : undefined;
  return typeof has === 'number' ? has : undefined;
}

/** Our own messages say what a value must be. Those of valibot begin with "Invalid". */
function sentence(issue: v.BaseIssue<unknown>): string {
  return issue.message.startsWith('Invalid')
    ? `must be ${issue.expected ?? 'something else'}`
    : issue.message;
}
