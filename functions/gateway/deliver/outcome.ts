import type { SendFailure } from '../../wire/send-failures.ts';

/** What came of one message for one socket. Nothing is sent in silence. */
export type Outcome = 'delivered' | 'queued' | 'gone' | SendFailure;
