import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import openapi from '../../functions/wire/openapi.json' with { type: 'json' };

/** An answer as openapi.json describes it, or a reference to one. */
interface Described {
  readonly $ref?: string;
  readonly description?: string;
  readonly headers?: Readonly<Record<string, Header>>;
  readonly content?: Readonly<Record<string, unknown>>;
}

/** A header as openapi.json describes it, or a reference to one. */
interface Header {
  readonly $ref?: string;
  readonly required?: boolean;
  readonly schema?: object;
}

type Answers = Readonly<Record<string, Described>>;

const calls: Readonly<Record<string, Readonly<Record<string, { responses: Answers }>>>> = openapi.paths;
const { 404: unknownPath, 405: otherMethod } = openapi['x-unrouted'];
const shared: Answers = openapi.components.responses;

const ajv = new Ajv2020({ strictSchema: false, strictTypes: false, allErrors: true });
formats.default(ajv);
ajv.addSchema(openapi, 'openapi');

/**
 * Checks that openapi.json describes an answer of the HTTP API: its status for this call, its media type (empty if
 * there is none) and its document. Throws an error that says what is not described.
 */
export function conforms(
  method: string,
  path: string,
  status: number,
  contentType: string,
  json: unknown,
): void {
  const fail = (why: string): never => {
    throw new Error(`${method} ${path} answered ${status} ${contentType}, but openapi.json ${why}`);
  };
  const { at, answers, name } = answersTo(method, path);
  const answer = answers[status] ?? fail(`knows only ${Object.keys(answers).join(', ')} of ${name}`);
  const [from, described] = followed(`${at}/${status}`, answer);
  const types = Object.keys(described.content ?? {});
  if (types.length === 0 && contentType === '') return;
  if (!types.includes(contentType)) fail(`says ${types.join(' or ') || 'that there is no body'}`);
  const validate = ajv.getSchema(`openapi#${from}/content/${escaped(contentType)}/schema`);
  if (validate === undefined) fail('has no schema for it');
  else if (!validate(json))
    fail(`says: ${ajv.errorsText(validate.errors)}. It is ${JSON.stringify(json).slice(0, 2_000)}`);
}

/**
 * Checks that an answer has the headers that openapi.json requires of it, with values that it allows, and none that it
 * has for other answers alone. Throws an error that names the header.
 */
export function headersConform(method: string, path: string, status: number, headers: Headers): void {
  const { at, answers, name } = answersTo(method, path);
  const [, { headers: described = {} }] = followed(`${at}/${status}`, answers[status] ?? {});
  for (const known of headerNames) {
    const value = headers.get(known);
    const header = resolved(described[known]);
    const fails =
      header === undefined
        ? value !== null
        : value === null
          ? header.required === true
          : !allows(header, value);
    if (fails) throw new Error(`${name} answered ${status} with ${known}: ${value}, unlike openapi.json`);
  }
}

/** The headers that openapi.json has for any answer. */
const headerNames = new Set(
  [...Object.values(calls).flatMap((methods) => Object.values(methods)), { responses: shared }].flatMap(
    ({ responses }) => Object.values(responses).flatMap(({ headers = {} }) => Object.keys(headers)),
  ),
);

function resolved(header: Header | undefined): Header | undefined {
  if (header?.$ref === undefined) return header;
  const known: Readonly<Record<string, Header>> = openapi.components.headers;
  return known[header.$ref.split('/').at(-1) ?? ''];
}

/** A header is text, whatever the type in its schema. */
function allows({ schema = {} }: Header, value: string): boolean {
  const isNumber = 'type' in schema && schema.type === 'integer';
  return ajv.validate(schema, isNumber && /^\d+$/.test(value) ? Number(value) : value) === true;
}

/** The answers to a call, their position in the document, and a name for the call. */
function answersTo(method: string, path: string): { at: string; answers: Answers; name: string } {
  const [pathname = ''] = path.split('?');
  const template = Object.keys(calls).find((known) => isOf(known, pathname)) ?? '';
  const call = calls[template]?.[method.toLowerCase()];
  if (call === undefined) {
    const answers: Answers = template === '' ? { 404: unknownPath } : { 405: otherMethod };
    return { at: '/x-unrouted', answers, name: 'what is no call' };
  }
  const at = `/paths/${escaped(template)}/${method.toLowerCase()}/responses`;
  return { at, answers: call.responses, name: `${method} ${template}` };
}

function isOf(template: string, path: string): boolean {
  const [wanted, given] = [template.split('/'), path.split('/')];
  return (
    wanted.length === given.length && wanted.every((part, at) => part.startsWith('{') || part === given[at])
  );
}

function followed(at: string, answer: Described): [at: string, answer: Described] {
  if (answer.$ref === undefined) return [at, answer];
  const name = answer.$ref.split('/').at(-1) ?? '';
  return [answer.$ref.slice(1), shared[name] ?? {}];
}

/** Escapes a part of a JSON pointer. RFC 6901 section 3. */
function escaped(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}
