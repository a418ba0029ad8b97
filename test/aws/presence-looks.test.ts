import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { maxReceives } from '../../functions/aws/handlers/queue-handler.ts';
import { actions } from '../support/recording-app.ts';
import { Cloud, queueNames } from './cloud.ts';

const graceMs = 5_000;

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start({ HOOKS: 'handshake,message,closed,joined,left', PROBE_MINUTES: '0' });
  const source = { visibilityMs: 360_000, maxReceives: maxReceives.tasks };
  cloud.queue.attach(queueNames.tasks, (event) => cloud.handlers.tasks(event), source);
});
afterAll(() => cloud.stop());

async function passing(ms: number): Promise<void> {
  await cloud.pass(ms);
  await cloud.settled();
}

describe('a look at who has gone', { timeout: 60_000 }, () => {
  test.for(['fails', 'dies'])(
    'that %s each time until its queue would give it up comes again later',
    async (how) => {
      const alice = await cloud.open(({ fields: { event } }) =>
        event === 'handshake' ? actions({ join: ['room'], user: `alice-${how}` }) : 204,
      );
      await cloud.app.hook(alice.path, 'joined');
      await cloud.settled();
      await passing(100_000);
      let attempts = 0;
      cloud.wires.meddler = {
        before: async ({ service, body }) => {
          if (service !== 'dynamodb' || !body.includes(`u:alice-${how}`) || !body.includes('leaseUntil'))
            return undefined;
          attempts += 1;
          if (how === 'dies') await cloud.lambdas.tasks.kill();
          const __type = 'com.amazon.coral.service#AccessDeniedException';
          return how === 'dies' ? 'cut' : { status: 400, json: { __type, message: 'No.' } };
        },
      };
      await alice.client.close();
      await cloud.app.hook(alice.path, 'closed');
      await cloud.settled();
      await passing(graceMs);
      // A message whose function died comes again after six minutes.
      for (let attempt = 2; attempt <= 5; attempt++) await passing(360_000);
      expect([attempts, cloud.app.of(alice.path, 'left').length], 'after five attempts').toEqual([5, 0]);
      cloud.wires.meddler = {};
      await passing(901_000);
      expect(cloud.app.of(alice.path, 'left'), 'a quarter of an hour later').toHaveLength(1);
      expect(cloud.queue.waitingIn(queueNames.tasks), 'left to do').toEqual([]);
    },
  );
});
