import { beforeEach, describe, expect, test } from 'vitest';
import { type Options, ReliableSocket, type Url } from '../../sdk/client/index.ts';
import { FakeWebSocket } from '../fakes/fake-web-socket.ts';
import { ManualTimers } from '../fakes/manual-timers.ts';

const ping = '{"sockethook":"ping"}';
const pong = '{"sockethook":"pong"}';
const made = FakeWebSocket.made;
let clock: ManualTimers;
let network: EventTarget;
let chance: number;
let told: string[];

beforeEach(() => {
  made.length = 0;
  clock = new ManualTimers();
  network = new EventTarget();
  chance = 0.5;
  told = [];
});

const fake = FakeWebSocket as unknown as NonNullable<Options['WebSocket']>;

/** A socket whose events are told, once it has asked for its URL. */
async function started(url: string | Url = 'ws://gateway/', options: Options = {}): Promise<ReliableSocket> {
  const socket = new ReliableSocket(url, {
    WebSocket: fake,
    clock,
    network,
    random: () => chance,
    ...options,
  });
  socket.onopen = () => told.push('open');
  socket.onmessage = ({ data }) => told.push(data);
  socket.onerror = () => told.push('error');
  socket.onclose = ({ code, reason }) => told.push(`close ${code} ${reason}`.trim());
  socket.onstatechange = ({ state, code }) => told.push([state, code].filter(Boolean).join(' '));
  await clock.advance(0);
  return socket;
}

async function opened(url?: string | Url, options?: Options): Promise<ReliableSocket> {
  const socket = await started(url, options);
  made[0]?.accept();
  told = [];
  return socket;
}

const last = (): FakeWebSocket => {
  const socket = made.at(-1);
  if (socket === undefined) throw new Error('nothing has connected');
  return socket;
};

describe('coming back', () => {
  test('a page whose connection is lost gets a new one, and no close', async () => {
    const socket = await opened();
    last().end(1006);
    expect([socket.readyState, socket.state]).toEqual([0, 'waiting']);
    await clock.advance(1_500);
    last().accept();
    expect(told).toEqual(['waiting 1006', 'connecting', 'open', 'open']);
    expect(made).toHaveLength(2);
  });

  test.for([1000, 1005])('a page is not brought back after %i', async (code) => {
    const socket = await opened();
    last().end(code, 'bye');
    await clock.advance(10_000_000);
    expect([socket.readyState, made.length, told, clock.size]).toEqual([
      3,
      1,
      [`closed ${code}`, `close ${code} bye`],
      0,
    ]);
  });

  test.for([1001, 1006, 1008, 1009, 1011, 1012, 1013, 4000])('a page comes back after %i', async (code) => {
    await opened();
    last().end(code);
    await clock.advance(1_000);
    expect(made).toHaveLength(2);
  });

  test('a pause is any part of 2 s, later up to half the time without a connection, and never more than 30 s', async () => {
    const socket = await started();
    const pauses: (number | undefined)[] = [];
    socket.addEventListener('statechange', ({ state, retryMs }) => {
      if (state === 'waiting') pauses.push(retryMs);
    });
    for (const part of [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0.5, 0]) {
      chance = part;
      last().end(1006);
      await clock.advance(pauses.at(-1) ?? 0);
    }
    expect(pauses).toEqual([
      ...[2_000, 2_000, 2_000, 3_000, 4_500, 6_750, 10_125, 15_187.5, 22_781.25],
      ...[30_000, 22_500, 15_000],
    ]);
  });

  test('a page that a draining gateway closes looks for another one, and else waits until it is back', async () => {
    const socket = await opened();
    const pauses: (number | undefined)[] = [];
    socket.addEventListener('statechange', ({ state, retryMs }) => {
      if (state === 'waiting') pauses.push(retryMs);
    });
    last().end(1012, 'Service restart, back in 18.25 s');
    await clock.advance(1_000);
    for (let failure = 0; failure < 2; failure++) {
      last().end(1006);
      await clock.advance(pauses.at(-1) ?? 0);
    }
    expect(pauses, 'half of 2 s, the rest of the time with jitter, and jitter alone').toEqual([
      ...[1_000, 17_250 + 1_500, 1_500],
    ]);
    last().accept();
    await clock.advance(10_000);
    last().end(1006);
    await clock.advance(1_000);
    last().end(1006);
    expect(pauses.slice(3), 'what was announced once is over').toEqual([1_000, 1_500]);
  });

  test.for([3_600, 1e9, -5, Number.NaN, Number.POSITIVE_INFINITY, '1.2.3', '', `${'9'.repeat(100)}.99`])(
    'a gateway that is "back in %s s" delays a page by no more than the longest pause',
    async (seconds) => {
      const reason = `back in ${typeof seconds === 'number' ? seconds.toFixed(2) : seconds} s`;
      const socket = await opened();
      last().end(1012, reason);
      await clock.advance(2_000);
      last().end(1006);
      await clock.advance(30_000);
      last().accept();
      expect([socket.readyState, made.length]).toEqual([1, 3]);
    },
  );

  test('the pause is short again only after a connection that lasted 10 s', async () => {
    const socket = await started();
    const pauses: (number | undefined)[] = [];
    socket.addEventListener('statechange', ({ state, retryMs }) => {
      if (state === 'waiting') pauses.push(retryMs);
    });
    for (const lasted of [9_999, 9_999, 10_000]) {
      last().accept();
      await clock.advance(lasted);
      last().end(1006);
      await clock.advance(20_000);
    }
    expect(pauses).toEqual([1_000, 7_499.75, 1_000]);
  });

  test('a page tries at once when the network is back, and never twice at a time', async () => {
    let asked = 0;
    await opened(() => {
      asked += 1;
      return 'ws://gateway/';
    });
    last().end(1006);
    for (let time = 0; time < 3; time++) network.dispatchEvent(new Event('online'));
    await clock.advance(20_000);
    expect([asked, made.length]).toEqual([2, 2]);
  });

  test('an attempt without an answer ends after 35 s', async () => {
    const socket = await started();
    await clock.advance(34_999);
    expect(socket.state).toBe('connecting');
    await clock.advance(1);
    expect([socket.state, last().closedWith]).toEqual(['waiting', [1000]]);
    last().accept();
    expect(socket.state).toBe('waiting');
  });
});

describe('the URL', () => {
  test('every connection asks for its own', async () => {
    let count = 0;
    await opened(async () => `ws://gateway/?ticket=${count++}`);
    last().end(1006);
    await clock.advance(1_500);
    expect(made.map(({ url }) => url)).toEqual(['ws://gateway/?ticket=0', 'ws://gateway/?ticket=1']);
  });

  test('null says stop', async () => {
    const urls = ['ws://gateway/', null];
    const socket = await opened(() => urls.shift() ?? null);
    last().end(1006);
    await clock.advance(1_500);
    expect([socket.readyState, told.at(-1), made.length]).toEqual([3, 'close 1000', 1]);
  });

  test('a callback that fails is asked again, and the page learns why', async () => {
    const answers = [new Error('the app is away'), 'ws://gateway/'];
    const why: unknown[] = [];
    const socket = await started(() => {
      const answer = answers.shift() ?? '';
      if (answer instanceof Error) throw answer;
      return answer;
    });
    socket.onstatechange = ({ error }) => why.push(error);
    expect(socket.state).toBe('waiting');
    await clock.advance(1_500);
    expect(made).toHaveLength(1);
  });

  test.for([undefined, ''])('a callback that gives %j instead of a URL is asked again', async (answer) => {
    const answers: unknown[] = [answer, 'ws://gateway/'];
    const why: unknown[] = [];
    const socket = new ReliableSocket(async () => answers.shift() as string, {
      WebSocket: fake,
      clock,
      network,
    });
    socket.onstatechange = ({ error }) => why.push(error);
    await clock.advance(2_000);
    expect([why[0], last().url]).toEqual([new TypeError('no URL'), 'ws://gateway/']);
  });

  test('a text that is no URL ends the socket with an error', async () => {
    const socket = await started('nonsense');
    await clock.advance(60_000);
    expect([socket.readyState, told]).toEqual([3, ['closed 1006', 'error', 'close 1006']]);
  });

  test('a callback whose answer is not wanted any more is told so', async () => {
    const signals: AbortSignal[] = [];
    const socket = await started((signal) => {
      signals.push(signal);
      return new Promise(() => {});
    });
    expect(signals[0]?.aborted).toBe(false);
    socket.close();
    await clock.advance(0);
    expect([signals[0]?.aborted, told.at(-1), clock.size]).toEqual([true, 'close 1005', 0]);
  });
});

test('a socket that has ended leaves nothing at the window', async () => {
  const listening = new Set<unknown>();
  const socket = await started('ws://gateway/', {
    network: {
      addEventListener: (...args: unknown[]) => void listening.add(args[1]),
      removeEventListener: (...args: unknown[]) => void listening.delete(args[1]),
    },
  });
  expect(listening.size).toBe(1);
  socket.close();
  expect(listening.size).toBe(0);
});

describe('sending', () => {
  test('what is sent while there is no connection follows in order, behind what the page says first', async () => {
    const socket = await started();
    socket.send('one');
    socket.send('two');
    expect(socket.bufferedAmount).toBe(6);
    socket.addEventListener('open', () => socket.send('hello'));
    last().accept();
    expect([last().sent, socket.bufferedAmount]).toEqual([['hello', 'one', 'two'], 0]);
  });

  test('a page may keep as many bytes as it says, and is told when one more does not fit', async () => {
    const socket = await started('ws://gateway/', { bufferBytes: 4 });
    socket.send('é1');
    socket.send('2');
    expect(() => socket.send('3')).toThrow('no room for more than 4 bytes (bufferBytes)');
    last().accept();
    expect(last().sent).toEqual(['é1', '2']);
  });

  test('binary is refused before the gateway closes the socket for it', async () => {
    const socket = await opened();
    expect(() => Reflect.apply(socket.send, socket, [new Uint8Array(1)])).toThrow('data must be a string');
  });

  test('a page that closes as soon as it learns of a connection does not hear that it is open', async () => {
    const socket = await started();
    socket.onstatechange = ({ state }) => {
      told.push(state);
      if (state === 'open') socket.close();
    };
    last().accept();
    last().end(1005);
    expect(told).toEqual(['open', 'closing', 'closed', 'close 1005']);
  });

  test('after the end nothing is taken', async () => {
    const socket = await opened();
    socket.close(4000, 'enough');
    expect(last().closedWith).toEqual([4000, 'enough']);
    expect(() => socket.send('late')).toThrow('The socket is closed');
    last().end(4000, 'enough');
    expect([told, clock.size]).toEqual([['closing', 'closed 4000', 'close 4000 enough'], 0]);
  });

  test.for([0, 999, 1001, 2999, 5000])('close code %i is refused, as in a WebSocket', async (code) => {
    const socket = await opened();
    expect(() => socket.close(code)).toThrow('code must be 1000, or from 3000 to 4999');
    expect(socket.readyState).toBe(1);
  });

  test('a reason may have 123 bytes', async () => {
    const socket = await opened();
    expect(() => socket.close(1000, 'é'.repeat(62))).toThrow('reason must have at most 123 bytes');
    socket.close(1000, `${'é'.repeat(61)}x`);
    expect(socket.readyState).toBe(2);
  });
});

describe('a silent link', () => {
  test('it pings after 45 s without a message, and the page does not see the pong', async () => {
    await opened();
    await clock.advance(44_999);
    expect(last().sent).toEqual([]);
    await clock.advance(1);
    expect(last().sent).toEqual([ping]);
    last().deliver(pong);
    last().deliver('hello');
    expect(told).toEqual(['hello']);
  });

  test('a gateway that never answered a ping is never judged', async () => {
    const socket = await opened();
    await clock.advance(450_000);
    expect([socket.readyState, last().sent.length, made.length]).toEqual([1, 10, 1]);
  });

  test('once a pong has come, a link without one within 10 s is dead', async () => {
    const socket = await opened();
    await clock.advance(45_000);
    last().deliver(pong);
    await clock.advance(54_999);
    expect(socket.readyState).toBe(1);
    await clock.advance(1);
    expect([told, last().closedWith]).toEqual([['waiting 1006'], [1000]]);
    await clock.advance(1_500);
    expect(made).toHaveLength(2);
  });

  test('any message shows that a link is alive', async () => {
    const socket = await opened();
    await clock.advance(45_000);
    last().deliver(pong);
    await clock.advance(45_000);
    last().deliver('hello');
    await clock.advance(44_000);
    expect([socket.readyState, last().sent]).toEqual([1, [ping, ping]]);
  });

  test('a page pings at once when the network is back', async () => {
    await opened();
    network.dispatchEvent(new Event('online'));
    expect(last().sent).toEqual([ping]);
  });
});

describe('renewing', () => {
  /** Opened, and about to have its second connection. */
  async function renewing(
    options: Options = {},
  ): Promise<[socket: ReliableSocket, old: FakeWebSocket, next: FakeWebSocket]> {
    const socket = await opened('ws://gateway/', { pingMs: Number.POSITIVE_INFINITY, ...options });
    await clock.advance(6_600_000 * 0.95 - 1);
    expect(made).toHaveLength(1);
    await clock.advance(1);
    const [old, next] = made;
    if (old === undefined || next === undefined) throw new Error('it did not renew');
    return [socket, old, next];
  }

  test('a page stays open, sends each text on one connection, and the old one closes after 5 s', async () => {
    const [socket, old, next] = await renewing();
    socket.send('before');
    expect(socket.readyState).toBe(1);
    next.accept();
    socket.send('after');
    expect([old.sent, next.sent, told]).toEqual([['before'], ['after'], ['open']]);
    await clock.advance(4_999);
    expect(old.closedWith).toBeUndefined();
    await clock.advance(1);
    expect([old.closedWith, next.closedWith]).toEqual([[1000], undefined]);
    old.end(1000);
    expect(socket.readyState).toBe(1);
  });

  test('a broadcast that reaches both connections is heard once, in whichever order, and two are heard twice', async () => {
    const [, old, next] = await renewing();
    old.deliver('early');
    next.accept();
    next.deliver('early');
    next.deliver('tick');
    old.deliver('tick');
    old.deliver('tick');
    next.deliver('tick');
    old.deliver('only here');
    expect(told).toEqual(['early', 'open', 'tick', 'tick', 'only here']);
  });

  test('a broadcast that the old connection brought last is heard once, and its next copy is new', async () => {
    const [, old, next] = await renewing();
    next.accept();
    await clock.advance(4_999);
    old.deliver('tick');
    await clock.advance(1);
    next.deliver('tick');
    next.deliver('tick');
    expect(told).toEqual(['open', 'tick', 'tick']);
    await clock.advance(1_000);
    next.deliver('tick');
    expect(told).toEqual(['open', 'tick', 'tick', 'tick']);
  });

  test.for([1000, 1006])(
    'a broadcast is heard once if the old connection brings it and ends with %i in the handshake of the next',
    async (code) => {
      const [, old, next] = await renewing();
      old.deliver('tick');
      old.end(code);
      next.accept();
      next.deliver('tick');
      next.deliver('tick');
      expect(told).toEqual(['tick', `connecting ${code}`, 'open', 'open', 'tick']);
    },
  );

  test('a broadcast is heard once if the old connection brings it and ends just after the next has opened', async () => {
    const [socket, old, next] = await renewing();
    next.accept();
    old.deliver('tick');
    old.end(1001);
    next.deliver('tick');
    next.deliver('tick');
    expect([socket.readyState, told]).toEqual([1, ['open', 'tick', 'tick']]);
  });

  test.for(['in the handshake', 'once the next is open'])(
    '6 s after the next connection has opened, all texts are new; the old one ended %s',
    async (when) => {
      const [, old, next] = await renewing();
      old.deliver('tick');
      if (when === 'in the handshake') old.end(1006);
      next.accept();
      old.end(1006);
      await clock.advance(5_999);
      next.deliver('tick');
      expect(told.filter((text) => text === 'tick')).toHaveLength(1);
      await clock.advance(1);
      next.deliver('tick');
      expect(told.filter((text) => text === 'tick')).toHaveLength(2);
    },
  );

  test('a connection that is lost after a renewal is forgotten, with what it has brought', async () => {
    const [, old, next] = await renewing();
    next.accept();
    old.deliver('tick');
    next.end(1006);
    expect(old.closedWith).toEqual([1000]);
    await clock.advance(1_500);
    last().accept();
    last().deliver('tick');
    expect(told.filter((text) => text === 'tick')).toHaveLength(2);
  });

  test('a page that hears too much to compare during a handshake leaves the old connection at once', async () => {
    const [socket, old, next] = await renewing();
    old.deliver('x'.repeat(1_000_000));
    told = [];
    next.accept();
    next.deliver('tick');
    old.deliver('tick');
    expect([socket.readyState, told, old.closedWith]).toEqual([1, ['open', 'tick'], [1000]]);
  });

  test('with an overlap of 0 nothing is compared, and the old connection is left at once', async () => {
    const [socket, old, next] = await renewing({ overlapMs: 0 });
    old.deliver('tick');
    next.accept();
    old.deliver('late');
    next.deliver('tick');
    expect([socket.readyState, told, old.closedWith]).toEqual([1, ['tick', 'open', 'tick'], [1000]]);
  });

  test('a page that cannot renew keeps its connection and tries again', async () => {
    const [socket, old, next] = await renewing();
    next.end(1006);
    old.deliver('still here');
    expect([socket.readyState, told]).toEqual([1, ['still here']]);
    await clock.advance(1_500);
    last().accept();
    expect([made.length, told]).toEqual([3, ['still here', 'open']]);
  });

  test('a connection that is lost while it is renewed leaves one attempt', async () => {
    const [socket, old, next] = await renewing();
    old.end(1006);
    await clock.advance(30_000);
    expect([socket.readyState, made.length]).toEqual([0, 2]);
    next.accept();
    expect([socket.readyState, told]).toEqual([1, ['connecting 1006', 'open', 'open']]);
  });

  test('a page survives an app that allows each user one socket, and closes the old one in the handshake', async () => {
    const [socket, old, next] = await renewing();
    old.end(1000, 'replaced');
    expect([socket.readyState, made.length]).toEqual([0, 2]);
    next.accept();
    expect([socket.readyState, told]).toEqual([1, ['connecting 1000', 'open', 'open']]);
    next.end(1006);
    await clock.advance(1_500);
    expect(made, 'the goodbye is forgotten').toHaveLength(3);
  });

  test('a page is not brought back if the app closes the old connection and refuses the next', async () => {
    const [socket, old, next] = await renewing();
    old.end(1000, 'bye');
    next.end(1006);
    await clock.advance(10_000_000);
    expect([socket.readyState, made.length, told.at(-1), clock.size]).toEqual([3, 2, 'close 1000 bye', 0]);
  });

  test('closing ends both connections', async () => {
    const [socket, old, next] = await renewing();
    next.accept();
    socket.close();
    expect([old.closedWith, next.closedWith]).toEqual([[1000], []]);
  });
});

test.for(['bufferBytes', 'pingMs', 'renewMs'])('a bad %s is named', (name) => {
  for (const value of [-1, Number.NaN, '5'])
    expect(() => new ReliableSocket('ws://gateway/', { WebSocket: fake, [name]: value })).toThrow(
      `${name} must be a number`,
    );
});
