import { type Hook, hookId } from '../../functions/wire/hook.ts';
import { aGroup, aPath, newSocket } from './a-record.ts';

let made = 0;

/** The hook of a message, with an id that no other has. Nothing in it is empty that a message has. */
export function aHook(given: Partial<Hook> = {}): Hook {
  made += 1;
  return {
    event: 'message',
    id: hookId('message', `a-hook_${made}=`),
    socket: newSocket(),
    body: `dr😀i\0\ufffe ${made}`,
    path: aPath('/room/a%20b'),
    query: 'a=1&a=2',
    user: 'alice',
    state: 'a\ttab',
    origin: 'https://app.example',
    groups: [aGroup('room:1'), aGroup('room:2')],
    code: '',
    reason: '',
    time: 1_764_000_000_000,
    clientHeaders: {},
    ...given,
  };
}
