import type { Presences } from '../../gateway/presences.ts';

/** For functions that change no groups and tell nothing of them. Each use is a fault. */
export class NoPresences implements Presences {
  readonly lease = noPresences;
  readonly set = noPresences;
  readonly requestRecheck = noPresences;
  readonly releaseOrRecheck = noPresences;
  readonly release = noPresences;
  readonly depart = noPresences;
  readonly departure = noPresences;
}

function noPresences(): Promise<never> {
  return Promise.reject(new Error('This function has no table of presences.'));
}
