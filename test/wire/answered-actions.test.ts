import { expect, test } from 'vitest';
import { actionsType } from '../../functions/wire/action-rules.ts';
import { answeredActions, isActions, noActions } from '../../functions/wire/actions.ts';

test.for([
  ...[actionsType, `${actionsType};charset=utf-8`, `${actionsType} ; a=b; c="d;e"`, ` ${actionsType} `],
  ...['Application/VND.SocketHook+JSON', 'APPLICATION/VND.SOCKETHOOK+JSON; CHARSET=UTF-8'],
])('an answer of type %j carries actions', (contentType) => {
  expect(isActions(contentType)).toBe(true);
});

test.for([
  ...['', 'application/json', 'text/plain', 'application/vnd.sockethook', 'application/vnd.sockethook+jsonx'],
  ...[`x${actionsType}`, `text/plain; a=${actionsType}`, `text/plain;${actionsType}`],
])('an answer of type %j carries none', (contentType) => {
  expect(isActions(contentType)).toBe(false);
});

test.for(['OK', '{"reply":"x"}', '', '{'])('the body %j of another type is ignored', (body) => {
  const context = { event: 'message', offered: [], messageBytes: 10 } as const;
  expect(answeredActions({ contentType: 'text/plain', body }, context)).toEqual({
    ok: true,
    value: noActions,
  });
});
