import aws4 from 'aws4';
import type { Clock } from '../gateway/ports.ts';

/** Who calls AWS. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Comes with credentials of a role, such as every function's. */
  readonly sessionToken?: string | undefined;
}

/** A service of AWS by the name that signatures know it by, and where it is: `execute-api` in `eu-central-1`. */
export interface SigningScope {
  readonly service: string;
  readonly region: string;
}

/** A request to sign. */
export interface Unsigned {
  readonly method: string;
  /** As it stands on the wire: escaped, with its query, without empty or dotted segments. */
  readonly path: string;
  /** Every header that is to be signed, `host` among them; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Signs requests to one service with AWS Signature Version 4 ("Create a signed AWS API request", IAM User Guide). */
export class Signer {
  readonly #credentials: Credentials;
  readonly #keys: Omit<Credentials, 'sessionToken'>;
  readonly #scope: SigningScope;
  readonly #clock: Pick<Clock, 'now'>;
  #now = { second: Number.NaN, text: '' };

  constructor(credentials: Credentials, scope: SigningScope, clock: Pick<Clock, 'now'>) {
    const { accessKeyId, secretAccessKey } = credentials;
    this.#credentials = credentials;
    this.#keys = { accessKeyId, secretAccessKey };
    this.#scope = scope;
    this.#clock = clock;
  }

  /** The headers to send: the request's own, its time, the session's token and the signature, good for 5 minutes. */
  sign({ method, path, headers, body }: Unsigned): Readonly<Record<string, string>> {
    const { sessionToken } = this.#credentials;
    const time = this.#time();
    const signed: Record<string, string> = { ...headers, 'x-amz-date': time };
    if (sessionToken !== undefined) signed['x-amz-security-token'] = sessionToken;
    // It would add headers that are ours to write.
    const request = { method, path, headers: signed, body, doNotModifyHeaders: true, ...this.#scope };
    const signer = new aws4.RequestSigner(request, this.#keys);
    signer.datetime = time;
    signed['authorization'] = signer.authHeader();
    return signed;
  }

  /** Now, as `20150830T123600Z`. */
  #time(): string {
    const second = Math.floor(this.#clock.now() / 1000);
    if (this.#now.second !== second) {
      const text = new Date(second * 1000).toISOString().replace(/[:-]|\.000/g, '');
      this.#now = { second, text };
    }
    return this.#now.text;
  }
}
