import { freePort } from '../../support/free-port.ts';
import { Child, type Program } from '../measure/child.ts';
import { listening } from '../measure/listening.ts';
import { apiKey } from './api-key.ts';
import type { AppAt, Running, Subject } from './subject.ts';

/** The environment of a program: the port to listen on, and where hooks go. */
export interface Place {
  readonly port: number;
  readonly webhookBaseUrl: string;
}

/** A subject that is a program of this repository, in a separate Node.js process. */
export function nodeSubject(name: string, programAt: (place: Place) => Program): Subject {
  return {
    name,
    start: async (app) => {
      const port = await freePort();
      const child = new Child(programAt({ port, webhookBaseUrl: baseUrl(app, port) }));
      await listening(port);
      return running(child, port);
    },
  };
}

function baseUrl({ port, answersBy }: AppAt, ownPort: number): string {
  const way = answersBy === 'send' ? `send/${ownPort}` : answersBy;
  return `http://127.0.0.1:${port}/${way}`;
}

function running(child: Child, port: number): Running {
  return {
    url: `ws://127.0.0.1:${port}/bench`,
    broadcast: {
      url: `http://127.0.0.1:${port}/broadcast`,
      headers: { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json' },
      bodyOf: (body, group) => JSON.stringify({ body, group }),
    },
    usage: () => child.ask('usage'),
    collect: () => child.ask('collect'),
    stop: () => child.stop(),
  };
}
