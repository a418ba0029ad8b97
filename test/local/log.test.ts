import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Log } from '../../functions/gateway/ports.ts';
import { createLog } from '../../infra/local/log.ts';

/** A stream that keeps what is written; a terminal if it says so. */
class Written extends Writable {
  readonly isTTY: boolean;
  text = '';

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: unknown, _: unknown, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}

function logged(isTTY: boolean, write: (log: Log) => void): string {
  const stream = new Written(isTTY);
  write(createLog(stream, () => Date.UTC(2026, 10, 22, 12, 34, 56, 789)));
  return stream.text;
}

const time = '2026-11-22T12:34:56.789Z';

describe('a log to a file', () => {
  test('is one JSON object a line', () => {
    const text = logged(false, (log) => {
      log.info('started', { port: 8080, page: undefined });
      log.warn('slow', { why: 'line\nbreak \u001b[2J "quoted"' });
      log.error('fault', { request: 'req_1', isLast: true });
    });
    expect(text.endsWith('\n')).toBe(true);
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { time, level: 'info', event: 'started', port: 8080 },
      { time, level: 'warn', event: 'slow', why: 'line\nbreak \u001b[2J "quoted"' },
      { time, level: 'error', event: 'fault', request: 'req_1', isLast: true },
    ]);
  });

  test('has no field by the name of one of the line’s own', () => {
    const write = (log: Log): void => {
      // @ts-expect-error: the line has an event of its own.
      log.error('hook_lost', { event: 'message' });
      // @ts-expect-error: the line has a time of its own.
      log.error('hook_lost', { time: 5 });
      // @ts-expect-error: the line has a level of its own.
      log.error('hook_lost', { level: 'low' });
    };
    expect(logged(false, write).trimEnd().split('\n')).toHaveLength(3);
  });
});

describe('a log to a terminal', () => {
  test('is one readable line', () => {
    const text = logged(true, (log) => {
      log.info('started', { port: 8080, page: undefined, empty: '' });
      log.error('fault', { why: 'two words' });
    });
    expect(text).toBe('12:34:56 info  started port=8080 empty=""\n12:34:56 error fault why="two words"\n');
  });

  test.for(['\u001b[2J', 'a\r\nb', '\u0007', '\u009b31m', '\u007f', 'a\tb', '\u0000', '\u0085', '\u0090q'])(
    'lets no control character through (%j)',
    (value) => {
      const text = logged(true, (log) => log.warn('odd', { value, other: 'x' }));
      expect(text.trimEnd()).not.toMatch(/\p{Cc}/u);
      expect(text).toMatch(/^12:34:56 warn {2}odd value=".*" other=x\n$/);
    },
  );
});

test.for([true, false])('what is warned of once is warned of once for each event (terminal: %s)', (isTTY) => {
  const text = logged(isTTY, (log) => {
    for (const status of [404, 405, 501]) log.warnOnce('closed_unwanted', { status });
    log.warnOnce('unmarked_actions', {});
    log.warn('closed_unwanted', { status: 7 });
  });
  expect(text.trimEnd().split('\n')).toHaveLength(3);
  expect(text).toContain('404');
  expect(text).not.toContain('405');
});
