import { expect, test } from 'vitest';
import { limitSets } from '../../../functions/local/settings.ts';
import asyncapi from '../../../functions/wire/asyncapi.json' with { type: 'json' };
import { limits } from '../../../functions/wire/limits.ts';
import openapi from '../../../functions/wire/openapi.json' with { type: 'json' };
import { nodes } from './nodes.ts';

/** Bounds that are not ours: RFC 6455 section 5.5 on the reason of a close, and the statuses of a refusal. */
const foreign = /^\/(?:Hook\/properties\/reason|Refusal)\//;
const keywords = ['maxLength', 'maxItems', 'maximum', 'default'];

/** Where a limit stands in the schemas of either document. */
const places: Readonly<Record<string, keyof typeof limits>> = {
  'Broadcast/properties/except/maxItems': 'sendSockets',
  'Broadcasts/maxItems': 'actionsPerKind',
  'ClientPath/maxLength': 'pathBytes',
  'ClientUrl/properties/url/maxLength': 'urlLength',
  'DeadLetterPage/properties/deadLetters/maxItems': 'pageSize',
  'Group/maxLength': 'groupBytes',
  'GroupCount/properties/sockets/maximum': 'groupCount',
  'GroupCount/properties/users/maximum': 'groupCount',
  'Groups/maxItems': 'groups',
  'IdempotencyKey/maxLength': 'idempotencyKeyLength',
  'SendOutcome/properties/failed/maxItems': 'sendSockets',
  'SendOutcome/properties/gone/maxItems': 'sendSockets',
  'Sends/maxItems': 'actionsPerKind',
  'SocketId/maxLength': 'socketIdLength',
  'SocketPage/properties/sockets/maxItems': 'pageSize',
  'Sockets/oneOf/1/maxItems': 'sendSockets',
  'SomeUser/maxLength': 'userBytes',
  'State/maxLength': 'stateBytes',
  'Text/maxLength': 'messageBytes',
  'UrlRequest/properties/expiresIn/maximum': 'ticketSeconds',
  'UrlRequest/properties/path/maxLength': 'urlLength',
  'User/maxLength': 'userBytes',
  'UserPage/properties/users/maxItems': 'pageSize',
  'WrittenPath/maxLength': 'pathBytes',
};

/** The numbers that bound something in a document, by their place in it. */
function bounds(document: unknown): [place: string, value: number][] {
  return [...nodes(document)].flatMap(({ at, content }) =>
    Object.entries(content).flatMap(([name, value]): [string, number][] =>
      keywords.includes(name) && typeof value === 'number' ? [[`${at}/${name}`, value]] : [],
    ),
  );
}

test('every bound in a schema is a limit of the gateway, and every such limit stands where it should', () => {
  const schemas = { ...openapi.components.schemas, ...asyncapi.components.schemas };
  const written = bounds(schemas).filter(([place]) => !foreign.test(place));
  const expected = Object.entries(places).map(([place, name]) => [`/${place}`, limits[name]]);
  expect(written.sort()).toEqual(expected.sort());
});

test('a page is as long as the parameter “limit” says', () => {
  const { name, schema } = openapi.components.parameters.Limit;
  expect(name).toBe('limit');
  expect(schema).toEqual({
    type: 'integer',
    minimum: 1,
    maximum: limits.pageSize,
    default: limits.pageSizeDefault,
  });
  expect(bounds(openapi.paths)).toEqual([]);
});

test.for([
  ['openapi.json', openapi],
  ['asyncapi.json', asyncapi],
] as const)('every number in the words of %s is a limit', ([, document]) => {
  const words = [...nodes(document)].flatMap(({ content: { description, summary } }) => [
    description,
    summary,
  ]);
  const numbers = words.flatMap((text) => String(text).match(/\d{1,3}(?:,\d{3})+/g) ?? []);
  expect(numbers.length).toBeGreaterThan(5);
  const known: readonly number[] = [...Object.values(limits), limitSets.none.messageBytes];
  expect(numbers.filter((number) => !known.includes(Number(number.replaceAll(',', ''))))).toEqual([]);
});

test('as many groups may be joined in one action as a socket may be in', () => {
  expect(limits.groupsPerAction).toBe(limits.groups);
});

test('a limit in bytes says so, since maxLength counts characters', () => {
  const inBytes = { ...openapi.components.schemas, ...asyncapi.components.schemas };
  for (const name of [
    'Text',
    'WrittenPath',
    'ClientPath',
    'User',
    'SomeUser',
    'Group',
    'Groups',
    'State',
  ] as const) {
    expect([name, inBytes[name].description]).toEqual([name, expect.stringMatching(/bytes/)]);
  }
});
