/** The calls that the app makes to the gateway. Each rejects with a `GatewayError` if it fails. */
export interface Gateway {
  /** Sends to one socket. It is not an error if the socket has gone in the meantime. */
  send(socket: string, body: string): Promise<void>;
  /** Sends to every open socket, the sender of a message included. */
  broadcast(body: string): Promise<void>;
  /** Makes a URL with which a client can connect to a path. */
  createUrl(path: string): Promise<string>;
}

/** The gateway refused a call, or did not answer. The message is a sentence. */
export class GatewayError extends Error {
  /** Whether the same call may succeed later. */
  readonly mayPass: boolean;

  constructor(why: string, mayPass: boolean) {
    super(why);
    this.mayPass = mayPass;
  }
}

/** Two calls must fit into the 10 seconds that the gateway waits for the answer to a hook. */
const patienceMs = 4_000;

/** Statuses that mean that the call itself is wrong: malformed, or with too large a body. */
const final: ReadonlySet<number> = new Set([400, 413]);

/** Makes a client of the gateway's HTTP API at this URL. */
export function createGateway(apiUrl: string, apiKey: string): Gateway {
  const post = async (path: string, content: object): Promise<unknown> => {
    const response = await fetch(`${apiUrl}${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(content),
      signal: AbortSignal.timeout(patienceMs),
    }).catch(() => {
      throw new GatewayError(`The gateway at ${apiUrl} does not answer.`, true);
    });
    if (response.ok) return response.json().catch(() => undefined);
    const answer = `${response.status} ${response.statusText}`.trim();
    throw new GatewayError(`The gateway refused ${path}: ${answer}.`, !final.has(response.status));
  };
  return {
    send: async (socket, body) => {
      await post('/send', { sockets: socket, body });
    },
    broadcast: async (body) => {
      await post('/broadcast', { body });
    },
    createUrl: async (path) => {
      const answer = await post('/urls', { path });
      if (isUrlAnswer(answer)) return answer.url;
      throw new GatewayError('The gateway answered /urls without a URL.', false);
    },
  };
}

function isUrlAnswer(answer: unknown): answer is { url: string } {
  return typeof answer === 'object' && answer !== null && 'url' in answer && typeof answer.url === 'string';
}
