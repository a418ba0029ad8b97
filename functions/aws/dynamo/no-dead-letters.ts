import type { DeadLetters } from '../../gateway/dead-letters.ts';

/** For functions that post no hooks but handshakes, and read no dead letters. Each use is a fault. */
export class NoDeadLetters implements DeadLetters {
  readonly put = noDeadLetters;
  readonly get = noDeadLetters;
  readonly list = noDeadLetters;
  readonly remove = noDeadLetters;
}

function noDeadLetters(): Promise<never> {
  return Promise.reject(new Error('This function has no table of dead letters.'));
}
