import type { Broadcasts } from '../../gateway/broadcasts.ts';

/** For functions that have nothing to do with broadcasts that go on after their calls. Each use is a fault. */
export class NoBroadcasts implements Broadcasts {
  readonly create = noBroadcasts;
  readonly get = noBroadcasts;
  readonly progress = noBroadcasts;
  readonly cancel = noBroadcasts;
  readonly isCancelled = noBroadcasts;
  readonly claimSegment = noBroadcasts;
  readonly cut = noBroadcasts;
  readonly queued = noBroadcasts;
  readonly claimBatch = noBroadcasts;
  readonly posted = noBroadcasts;
}

function noBroadcasts(): Promise<never> {
  return Promise.reject(new Error('This function has no table of broadcasts.'));
}
