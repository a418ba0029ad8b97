/** The gateway writes a comment every 15 seconds. A stream that is silent for longer than this is dead. */
const silenceMs = 40_000;

/** How long to wait after a stream that ended, and after each further attempt that fails. */
const pausesMs = [250, 500, 1_000, 2_000, 3_000];

/**
 * Follows the gateway's events for as long as the page lives, and comes back by itself. `onState` is told `live`,
 * `away` (no answer), `forbidden` (the token does not hold) or `full` (too many pages); `onEvent` each event.
 */
export async function follow(onEvent, onState) {
  for (let failures = 0; ; failures += 1) {
    const state = await read((name, data) => {
      failures = 0;
      onState('live');
      onEvent(name, data);
    });
    onState(state);
    await pause(pausesMs[Math.min(failures, pausesMs.length - 1)]);
  }
}

/** Reads one stream to its end. Resolves to why there is none any more. */
async function read(onEvent) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), silenceMs);
  try {
    const response = await fetch('/inspector/events', { cache: 'no-store', signal: silence.signal });
    if (response.status === 403) return 'forbidden';
    if (response.status === 503) return 'full';
    if (!response.ok || response.body === null) return 'away';
    const parse = parser(onEvent);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), silenceMs);
      parse(part.value);
    }
    return 'away';
  } catch {
    return 'away';
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

/** Takes the text of a stream piece by piece, and calls back for each event in it. */
function parser(onEvent) {
  let rest = '';
  return (text) => {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      let name = 'message';
      const data = [];
      for (const line of block.split('\n')) {
        if (line.startsWith('event:')) name = line.slice(6).trim();
        else if (line.startsWith('data:')) data.push(line.slice(5));
      }
      if (data.length > 0) onEvent(name, JSON.parse(data.join('\n')));
    }
  };
}

/** Waits, but no longer than until the visitor comes back to this page or to the network. */
function pause(ms) {
  return new Promise((resolve) => {
    const wakers = [
      [window, 'online'],
      [window, 'focus'],
    ];
    const end = () => {
      clearTimeout(timer);
      for (const [target, name] of wakers) target.removeEventListener(name, end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    for (const [target, name] of wakers) target.addEventListener(name, end);
  });
}
