import type { Directory, Survey } from '../../gateway/ports.ts';

/** For functions that never look for sockets, since each event names its own. A search is a fault. */
export class NoDirectory implements Directory, Survey {
  pages(): AsyncIterable<never> {
    throw noDirectory();
  }

  segmentsOf(): never {
    throw noDirectory();
  }

  segment(): AsyncIterable<never> {
    throw noDirectory();
  }

  list(): Promise<never> {
    return Promise.reject(noDirectory());
  }

  listUsers(): Promise<never> {
    return Promise.reject(noDirectory());
  }

  survey(): AsyncIterable<never> {
    throw noDirectory();
  }
}

function noDirectory(): Error {
  return new Error('This function has no directory of sockets.');
}
