import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OldBacklogs } from '../../functions/local/old-backlogs.ts';
import { systemClock } from '../../functions/node/system-clock.ts';
import { newSocket } from '../fakes/a-record.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';
import { RecordingLog } from '../support/recording-log.ts';

describe('a warning of old backlogs', () => {
  let [clock, log] = [new ManualClock(), new RecordingLog()];
  let backlogs = new OldBacklogs(log);
  beforeEach(() => {
    [clock, log] = [new ManualClock(), new RecordingLog()];
    backlogs = new OldBacklogs(log);
  });

  /** A socket whose oldest message has waited for so long. */
  const waiting = (ms: number, count = 1, socket = newSocket()) => ({
    socket,
    backlog: { count, oldest: clock.now() - ms },
  });
  const lines = () => log.of('backlog_old').map(({ fields }) => fields);

  test.for([
    [5_000, 0],
    [5_001, 1],
  ] as const)('comes when the oldest message of a socket has waited for %i ms: %i', ([ms, count]) => {
    backlogs.check([waiting(ms)], clock);
    expect(lines()).toHaveLength(count);
  });

  test('names the worst socket, its age and its messages, and says how many are so', () => {
    const worst = waiting(61_000, 4_000);
    const idle = { socket: newSocket(), backlog: { count: 0, oldest: undefined } };
    backlogs.check([waiting(6_000), worst, idle, waiting(60_000), waiting(10)], clock);
    expect(lines()).toEqual([{ request: `closed_${worst.socket}`, age: 61, waiting: 4_000, sockets: 3 }]);
  });

  test('comes once for a socket, until its backlog is no longer old and then old again', () => {
    const old = waiting(6_000);
    for (let minute = 0; minute < 10; minute++) {
      backlogs.check([old], clock);
      clock.skipTo(clock.now() + 60_000);
    }
    expect(lines(), 'as long as it is old').toHaveLength(1);
    backlogs.check([waiting(10, 1, old.socket)], clock);
    backlogs.check([waiting(6_000, 1, old.socket)], clock);
    expect(lines(), 'when it is so again').toHaveLength(2);
  });

  test('comes at most every ten seconds, however many sockets there are', () => {
    backlogs.check([waiting(6_000)], clock);
    for (let ms = 0; ms < 10_000; ms += 1_000) {
      backlogs.check(
        Array.from({ length: 100 }, () => waiting(6_000)),
        clock,
      );
      clock.skipTo(clock.now() + (ms === 9_000 ? 999 : 1_000));
    }
    const late = waiting(6_000);
    backlogs.check([late], clock);
    expect(lines(), 'after 9,999 ms').toHaveLength(1);
    clock.skipTo(clock.now() + 1);
    backlogs.check([late], clock);
    expect(lines(), 'after 10,000 ms').toHaveLength(2);
  });
});

describe('an app that is slow', () => {
  let world: LocalWorld | undefined;
  afterEach(() => world?.stop());

  test('is told of in the log, and an app that is away is not', async () => {
    let passed = 0;
    const clock = { ...systemClock, now: () => Date.now() + passed };
    world = await startLocal({}, {}, { clock });
    const { app, url, log } = world;
    const answers: ((status: number) => void)[] = [];
    const slowly = () => new Promise<number>((resolve) => answers.push(resolve));
    app.on('/slow', ({ fields }) => (fields['event'] === 'message' ? slowly() : 204));
    app.on('/away', ({ fields }) => (fields['event'] === 'message' ? 503 : 204));
    const [slow, away] = await Promise.all(['/slow', '/away'].map((path) => connect(`${url}${path}`)));
    const { from } = (await app.hook('/slow', 'handshake')).fields;
    for (const body of ['one', 'two', 'three']) for (const client of [slow, away]) client?.send(body);
    await app.hook('/slow', 'message');
    await eventually('the app is away', () => log.of('hook_retried').length > 0);
    passed = 60_000;
    await eventually('the warning', () => log.of('backlog_old').length > 0);
    expect(log.of('backlog_old')).toMatchObject([
      { level: 'warn', fields: { request: `closed_${from}`, waiting: 2, sockets: 1 } },
    ]);
    app.on('/slow', () => 204);
    app.on('/away', () => 204);
    for (const answer of answers) answer(204);
  });
});
