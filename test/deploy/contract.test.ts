import { afterAll, beforeEach, expect, test } from 'vitest';
import { actionsContract } from '../contract/gateway/actions.ts';
import { broadcastsContract } from '../contract/gateway/broadcasts.ts';
import { closedContract } from '../contract/gateway/closed.ts';
import { deadLettersContract } from '../contract/gateway/dead-letters.ts';
import { groupsContract } from '../contract/gateway/groups.ts';
import { handshakeContract } from '../contract/gateway/handshake.ts';
import { hooksContract } from '../contract/gateway/hooks.ts';
import { httpApiContract } from '../contract/gateway/http-api.ts';
import { messageFailureContract } from '../contract/gateway/message-failure.ts';
import { messagesContract } from '../contract/gateway/messages.ts';
import { presenceContract } from '../contract/gateway/presence.ts';
import { sendingContract } from '../contract/gateway/sending.ts';
import { ticketsContract } from '../contract/gateway/tickets.ts';
import { cannot } from './cannot.ts';
import { deployedSubject, stopDeployment } from './world.ts';

const skipped = new Set<string>();
beforeEach(({ task, skip }) => {
  const reason = cannot[task.name];
  if (reason === undefined) return;
  skipped.add(task.name);
  skip(reason);
});
afterAll(stopDeployment);

hooksContract(deployedSubject);
handshakeContract(deployedSubject);
messagesContract(deployedSubject);
actionsContract(deployedSubject);
sendingContract(deployedSubject);
closedContract(deployedSubject);
httpApiContract(deployedSubject);
ticketsContract(deployedSubject);
groupsContract(deployedSubject);
broadcastsContract(deployedSubject);
deadLettersContract(deployedSubject);
messageFailureContract(deployedSubject);
presenceContract(deployedSubject);

test('all that the emulator can’t do is a test of the suite', () => {
  expect([...skipped].sort()).toEqual(Object.keys(cannot).sort());
});
