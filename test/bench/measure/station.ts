import { setTimeout as sleep } from 'node:timers/promises';
import type { Broadcasting, Driving, Opening } from '../load/orders.ts';
import { apiKey } from '../subjects/api-key.ts';
import type { AppAt, Running, Subject } from '../subjects/subject.ts';
import { Child } from './child.ts';
import { share, type Usage } from './usage.ts';

/** How long all processes must be idle to count as calm, and when to give up, in milliseconds. */
const calmMs = { min: 300, max: 30_000 };
/** The part of a core that an idle process may use. */
const idleShare = 0.05;

/** The measurements between two points in time. */
export interface Measured {
  /** Texts that came back to the clients, or connections, per second. */
  readonly rate: number;
  /** The subject's CPU time for each, in microseconds. */
  readonly cpuUs: number;
  /** The kernel's share of that. */
  readonly kernelPart: number;
  /** The share of a core that each process used. */
  readonly subjectShare: number;
  readonly loadShare: number;
  readonly appShare: number;
}

/** The three processes of a measurement: a subject, the app, and the load. */
export class Station {
  readonly name: string;
  readonly maxInFlight: number;
  readonly running: Running;
  readonly #load: Child;
  readonly #app: Child;

  private constructor(subject: Subject, running: Running, load: Child, app: Child) {
    this.name = subject.name;
    this.maxInFlight = subject.maxInFlight ?? Number.POSITIVE_INFINITY;
    this.running = running;
    this.#load = load;
    this.#app = app;
  }

  /** Starts a subject, with its own app and load. */
  static async start(subject: Subject, answersBy: AppAt['answersBy'] = 'reply'): Promise<Station> {
    const env = { API_KEY: apiKey };
    const app = new Child({ file: new URL('../servers/app.ts', import.meta.url), env });
    const load = new Child({ file: new URL('../load/load.ts', import.meta.url) });
    const running = await subject.start({ port: await app.ask<number>('port'), answersBy });
    return new Station(subject, running, load, app);
  }

  /** Opens connections, at another path if one is given. */
  open(count: number, path = ''): Promise<void> {
    const order: Opening = { url: `${this.running.url}${path}`, count };
    return this.#load.ask('open', order);
  }

  /** Resets all connections. */
  close(): Promise<void> {
    return this.#load.ask('close');
  }

  /** Starts to send messages, until `rest`. */
  drive(order: Driving): Promise<void> {
    return this.#load.ask('drive', order);
  }

  /** Starts to broadcast a text again and again, until `rest`: to all, or to the members of a group. */
  broadcast(text: string, to?: { readonly group: string; readonly members: number }): Promise<void> {
    const { url, headers, bodyOf } = this.running.broadcast;
    const body = bodyOf(text, to?.group);
    const order: Broadcasting = { url, headers, body, text, reached: to?.members };
    return this.#load.ask('broadcast', order);
  }

  /** Stops. Resolves once everything in flight has arrived. */
  rest(): Promise<void> {
    return this.#load.ask('rest');
  }

  /** Waits until the work is over, judging from outside: all processes are idle. */
  async calm(): Promise<void> {
    const deadline = performance.now() + calmMs.max;
    for (let isBusy = true; isBusy; ) {
      const before = await this.#sample();
      await sleep(calmMs.min);
      const after = await this.#sample();
      isBusy = share(before.subject, after.subject) > idleShare || share(before.app, after.app) > idleShare;
      if (performance.now() > deadline) throw new Error(`${this.name} does not come to rest.`);
    }
  }

  /** Measures while `goesOn` runs. `count` says how many things were done; by default, texts that came back. */
  async measure(goesOn: () => Promise<unknown>, count?: number): Promise<Measured> {
    const before = await this.#sample();
    await goesOn();
    const after = await this.#sample();
    const done = count ?? after.received - before.received;
    const rate = done / ((after.load.atUs - before.load.atUs) / 1e6);
    const subjectShare = share(before.subject, after.subject);
    const loadShare = share(before.load, after.load);
    const appShare = share(before.app, after.app);
    const kernelUs = after.subject.kernelUs - before.subject.kernelUs;
    const kernelPart = kernelUs / (after.subject.cpuUs - before.subject.cpuUs);
    return { rate, cpuUs: (subjectShare / rate) * 1e6, kernelPart, subjectShare, loadShare, appShare };
  }

  /** Ends all three. */
  async stop(): Promise<void> {
    await this.#load.stop();
    await this.running.stop();
    await this.#app.stop();
  }

  async #sample(): Promise<{ subject: Usage; load: Usage; app: Usage; received: number }> {
    const [subject, app, load, received] = await Promise.all([
      this.running.usage(),
      this.#app.ask<Usage>('usage'),
      this.#load.ask<Usage>('usage'),
      this.#load.ask<number>('received'),
    ]);
    return { subject, load, app, received };
  }
}

/** Starts stations, uses them, and stops them in any case. */
export async function withStations<Outcome>(
  subjects: readonly Subject[],
  answersBy: AppAt['answersBy'],
  work: (stations: readonly Station[]) => Promise<Outcome>,
): Promise<Outcome> {
  const stations: Station[] = [];
  try {
    for (const subject of subjects) stations.push(await Station.start(subject, answersBy));
    return await work(stations);
  } finally {
    for (const station of stations) await station.stop();
  }
}
