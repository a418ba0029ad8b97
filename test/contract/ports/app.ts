import { answersContract } from './app-answers.ts';
import { connectionsOfAppContract } from './app-connections.ts';
import { failuresContract } from './app-failures.ts';
import { requestsContract } from './app-requests.ts';
import type { MakeApp } from './app-world.ts';

/** What everything that posts hooks keeps to, against real servers. */
export function appContract(name: string, make: MakeApp): void {
  requestsContract(name, make);
  answersContract(name, make);
  failuresContract(name, make);
  connectionsOfAppContract(name, make);
}
