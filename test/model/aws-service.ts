import { AwsError } from '../../functions/aws/client/aws-error.ts';
import type { Process } from './process.ts';
import type { Timeline } from './timeline.ts';
import type { Service, Troubles } from './trouble.ts';

/** How often a call is made before it fails, and how long it waits for an answer, in milliseconds. */
const limits = { attempts: 4, answerMs: 900, pauseMs: 100 };

/** How a process calls AWS: as `JsonProtocol` does, it makes a call again that was throttled or had no answer. */
export class Caller {
  readonly #timeline: Timeline;
  readonly #process: Process;
  readonly #troubles: Troubles;

  constructor(timeline: Timeline, process: Process, troubles: Troubles) {
    this.#timeline = timeline;
    this.#process = process;
    this.#troubles = troubles;
  }

  async call<Answer>(service: Service, name: string, effect: () => Promise<Answer>): Promise<Answer> {
    let mayBeDone = false;
    for (let attempt = 1; ; attempt++) {
      const trouble = this.#troubles.of(service);
      const isLast = attempt === limits.attempts;
      if (trouble === 'throttled') {
        await this.#pause(limits.pauseMs);
        if (isLast) throw new AwsError(name, throttled, mayBeDone);
        continue;
      }
      const answer = await this.#made(name, effect, mayBeDone, trouble === 'lost');
      if (answer !== lost) return answer;
      mayBeDone = true;
      await this.#pause(limits.answerMs);
      if (isLast) throw new Error('There was no answer.');
    }
  }

  async #made<Answer>(
    name: string,
    effect: () => Promise<Answer>,
    mayBeDone: boolean,
    isLost: boolean,
  ): Promise<Answer | typeof lost> {
    await this.#pause(2);
    try {
      const answer = await this.#process.call(effect);
      return isLost ? lost : answer;
    } catch (error) {
      if (isLost) return lost;
      if (!(error instanceof AwsError) || !mayBeDone) throw error;
      const { status, type, body } = error;
      throw new AwsError(name, { status, errorType: type, body }, true);
    }
  }

  #pause(ms: number): Promise<void> {
    return this.#timeline.sleep(ms, this.#process);
  }
}

const lost = Symbol('lost');

const throttled = { status: 400, errorType: 'ThrottlingException', body: '{}' };
