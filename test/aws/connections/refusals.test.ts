import { describe, expect, test } from 'vitest';
import { SdkConnections } from '../../../functions/aws/connections/sdk-connections.ts';
import { SignedConnections } from '../../../functions/aws/connections/signed-connections.ts';
import type { Connections } from '../../../functions/gateway/ports.ts';
import { systemClock } from '../../../functions/node/system-clock.ts';
import { socketIdFrom } from '../../../functions/wire/socket-id.ts';
import { type Answer, RecordingService } from '../recording-service.ts';

const caller = { region: 'eu-central-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
const socket = socketIdFrom(Buffer.alloc(11, 1));

/** What comes of a post, an end and a question whether the connection exists. */
interface Outcomes {
  readonly post: unknown;
  readonly end: unknown;
  readonly has: unknown;
}

const fault: Outcomes = { post: 'fault', end: 'fault', has: 'fault' };
/** A post may have arrived then. */
const unanswered: Outcomes = { ...fault, post: { kind: 'failed', code: 'post_unknown' } };
const gone: Outcomes = { post: { kind: 'gone' }, end: undefined, has: false };

/** What API Gateway may answer, and the outcomes. */
const answers: readonly { readonly name: string; readonly answer: Answer; readonly outcomes: Outcomes }[] = [
  { name: '200', answer: {}, outcomes: { post: { kind: 'posted' }, end: undefined, has: true } },
  {
    name: '400 for an id that is none',
    answer: error(400, 'BadRequestException', '{"message":"Invalid connectionId"}'),
    outcomes: gone,
  },
  {
    name: '403 Forbidden',
    answer: error(403, 'ForbiddenException', '{"message":"Forbidden"}'),
    outcomes: fault,
  },
  { name: '410 Gone', answer: error(410, 'GoneException'), outcomes: gone },
  { name: '410 that says nothing else', answer: { status: 410 }, outcomes: gone },
  {
    name: '413 for a message that is too long',
    answer: error(413, 'PayloadTooLargeException', '{"message":"too large"}'),
    outcomes: { post: { kind: 'failed', code: 'post_failed' }, end: undefined, has: true },
  },
  {
    name: '429 when there are too many calls',
    answer: error(429, 'LimitExceededException', '{"message":"Limit exceeded"}'),
    outcomes: { post: { kind: 'throttled' }, end: undefined, has: true },
  },
  { name: '500', answer: error(500, '', '{"message":"Internal server error"}'), outcomes: fault },
  { name: '503 of a proxy', answer: { status: 503, body: '<html>' }, outcomes: fault },
  { name: 'a redirect', answer: { status: 302, headers: { location: '/' } }, outcomes: fault },
  { name: 'a connection that breaks', answer: 'hang up', outcomes: unanswered },
  { name: 'no answer for 5 seconds', answer: 'silence', outcomes: unanswered },
];

const ways: Readonly<Record<string, (url: string) => Connections>> = {
  'our own calls': (url) => new SignedConnections(url, caller, systemClock),
  "the SDK's client": (url) => new SdkConnections(url, caller),
};

describe('our own calls and those of the SDK', () => {
  test.for(answers)('take $name for the same', async ({ answer, outcomes }) => {
    const told = Object.entries(ways).map(async ([way, make]) => {
      const service = new RecordingService(answer);
      const connections = make(`${await service.listen()}/prod`);
      const calls = [
        Promise.resolve(connections.post(socket, 'x')),
        connections.close(socket),
        connections.has(socket),
      ];
      const [post, end, has] = await Promise.all(calls.map(outcomeOf));
      const posts = service.requests.filter(({ method }) => method === 'POST').length;
      await service.stop();
      return { way, posts, outcomes: { post, end, has } };
    });
    const expected = Object.keys(ways).map((way) => ({ way, posts: 1, outcomes }));
    expect(await Promise.all(told)).toEqual(expected);
  });
});

function error(status: number, type: string, body = ''): Answer {
  return { status, headers: type === '' ? {} : { 'x-amzn-errortype': type }, body };
}

/** Its value, or that it was rejected with an error. */
function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((reason: unknown) => (reason instanceof Error ? 'fault' : reason));
}
