import type { Directory, Survey } from '../../gateway/ports.ts';

/** For functions that are told of every socket they deal with: whoever has them look for others is told so. */
export class NoDirectory implements Directory, Survey {
  pages(): AsyncIterable<never> {
    throw noDirectory();
  }

  list(): Promise<never> {
    return Promise.reject(noDirectory());
  }

  survey(): AsyncIterable<never> {
    throw noDirectory();
  }
}

function noDirectory(): Error {
  return new Error('This function has no directory of sockets.');
}
