import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Log } from '../../functions/gateway/ports.ts';
import { createLog } from '../../functions/local/log.ts';
import { StreamOutput } from '../../functions/local/log-output.ts';

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
  write(createLog(new StreamOutput(stream), () => Date.UTC(2026, 10, 22, 12, 34, 56, 789)));
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

test('warned of once is each case of an event, where it has cases', () => {
  const text = logged(false, (log) => {
    for (const status of [404, 401, 404]) log.warnOnce('handshakes_refused', { status }, status);
  });
  expect(linesIn(text).map(({ status }) => status)).toEqual([404, 401]);
});

test('cases are remembered up to a thousand, and more are not warned of', () => {
  const text = logged(false, (log) => {
    for (let at = 0; at < 1_100; at++) log.warnOnce('odd', { at }, at);
    log.warnOnce('odd', { at: 5 }, 5);
  });
  expect(linesIn(text)).toHaveLength(1_000);
});

test.for([true, false])(
  'a text of 2,048 characters stands in a line, a longer one is cut (terminal: %s)',
  (isTTY) => {
    const whole = 'x'.repeat(2_048);
    expect(logged(isTTY, (log) => log.warn('odd', { whole }))).toContain(whole);
    const text = logged(isTTY, (log) => log.warn('odd', { long: `${whole}y`, status: 7 }));
    expect(text).toContain(`${whole}… (2049 characters)`);
    expect(text).toContain('7');
  },
);

test('a text is not cut in the middle of a character', () => {
  const [line] = linesIn(logged(false, (log) => log.warn('odd', { long: `${'x'.repeat(2_047)}😀y` })));
  expect(line?.['long']).toBe(`${'x'.repeat(2_047)}… (2050 characters)`);
});

function linesIn(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}
