import type { SendFailure } from '../../wire/send-failures.ts';

/** The outcome of one message for one socket. */
export type Outcome = 'delivered' | 'queued' | 'gone' | SendFailure;
