import type { SendOutcome } from './outcomes.ts';

/** The kind of an error, for code to switch on. */
export type SockethookErrorCode =
  | 'ERR_SETTING'
  | 'ERR_ARGUMENT'
  | 'ERR_API'
  | 'ERR_UNREACHABLE'
  | 'ERR_BODY_DRAINED'
  | 'ERR_ANSWER';

/** The base class of all errors of this package. The message says what to do. */
export class SockethookError extends Error {
  override readonly name: string = 'SockethookError';
  readonly code: SockethookErrorCode;
  /** The outcome of the calls that succeeded before, if a list of sockets took several calls. */
  partial: SendOutcome | undefined;

  constructor(code: SockethookErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An environment variable is missing or malformed. */
export class SettingError extends SockethookError {
  override readonly name = 'SettingError';
  /** The variable's name. */
  readonly variable: string;

  constructor(variable: string, rule: string) {
    super('ERR_SETTING', `${variable} ${rule}.`);
    this.variable = variable;
  }
}

/** An argument can't be used; nothing was sent. */
export class ArgumentError extends SockethookError {
  override readonly name = 'ArgumentError';
  /** The argument's name. */
  readonly argument: string;

  constructor(argument: string, rule: string) {
    super('ERR_ARGUMENT', `"${argument}" ${rule}.`);
    this.argument = argument;
  }
}

/** The gateway refused a call: an RFC 9457 problem. */
export class ApiError extends SockethookError {
  override readonly name = 'ApiError';
  readonly status: number;
  /** The problem's stable code, such as `unauthorized`. Empty if the answer was not a problem of the gateway. */
  readonly problem: string;
  /** The field at fault, if there is one. */
  readonly field: string | undefined;
  /** How many seconds to wait before the same call is worth repeating, if the gateway says so. */
  readonly retryAfter: number | undefined;

  constructor(
    call: string,
    status: number,
    problem: { code?: string; detail?: string; field?: string },
    retryAfter?: number,
  ) {
    // A gateway has a code for each problem. Another server says no more than that it has no such page.
    const isForeign = problem.code === undefined && (status === 404 || status === 405);
    const key = status === 401 ? ' Is SOCKETHOOK_API_KEY one of the gateway’s API keys?' : '';
    const advice = isForeign ? ' Is SOCKETHOOK_API_URL the gateway’s URL?' : key;
    const why = problem.detail ?? `${problem.code ?? 'no reason'}.`;
    const end = advice === '' || /[.!?]$/.test(why) ? '' : '.';
    super('ERR_API', `The gateway answered ${call} with ${status}: ${why}${end}${advice}`);
    this.status = status;
    this.problem = problem.code ?? '';
    this.field = problem.field;
    this.retryAfter = retryAfter;
  }
}

/** The gateway did not answer. It may or may not have carried out the call, so repeat it with an `idempotencyKey`. */
export class UnreachableError extends SockethookError {
  override readonly name = 'UnreachableError';

  constructor(url: string, cause: unknown) {
    super(
      'ERR_UNREACHABLE',
      `The gateway at ${url} does not answer. Is it running, and is SOCKETHOOK_API_URL its URL?`,
      {
        cause,
      },
    );
  }
}

/** Something else read the body of a hook first, so its signature can't be verified. */
export class DrainedBodyError extends SockethookError {
  override readonly name = 'DrainedBodyError';

  constructor() {
    super(
      'ERR_BODY_DRAINED',
      'The body of the hook was read before it could be verified: mount the hooks before express.urlencoded, express.json and any other body parser.',
    );
  }
}

/** A handler returned something that is not a valid answer to its hook. */
export class AnswerError extends SockethookError {
  override readonly name = 'AnswerError';
}
