import { sendFailures } from '../../wire/send-failures.ts';

/** Every outcome that one message can have for one socket. */
export const everyOutcome = ['delivered', 'queued', 'gone', ...sendFailures] as const;

/** The outcome of one message for one socket. */
export type Outcome = (typeof everyOutcome)[number];
