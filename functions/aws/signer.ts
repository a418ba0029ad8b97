import { createHmac, hash } from 'node:crypto';
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
  readonly body: string | Uint8Array;
}

/**
 * Signs requests to one service with AWS Signature Version 4. The sections named below are those of "Create a signed
 * AWS API request" in the IAM User Guide.
 */
export class Signer {
  readonly #credentials: Credentials;
  readonly #scope: SigningScope;
  readonly #clock: Clock;
  #now = { second: Number.NaN, text: '' };
  #key: { readonly day: string; readonly bytes: Buffer } = { day: '', bytes: Buffer.alloc(0) };

  constructor(credentials: Credentials, scope: SigningScope, clock: Clock) {
    this.#credentials = credentials;
    this.#scope = scope;
    this.#clock = clock;
  }

  /** The headers to send: the request's own, its time, the session's token and the signature, good for 5 minutes. */
  sign({ method, path, headers, body }: Unsigned): Readonly<Record<string, string>> {
    const { accessKeyId, sessionToken } = this.#credentials;
    const time = this.#time();
    const day = time.slice(0, 8);
    const signed: Record<string, string> = { ...headers, 'x-amz-date': time };
    if (sessionToken !== undefined) signed['x-amz-security-token'] = sessionToken;
    // Step 1, the canonical request: each part on a line of its own.
    const names = Object.keys(signed).sort();
    let lines = '';
    for (const name of names) lines += `${name}:${canonicalValue(signed[name])}\n`;
    const list = names.join(';');
    const request = `${method}\n${canonicalPath(path)}\n${lines}\n${list}\n${hash('sha256', body)}`;
    // Steps 2 and 3, the text to sign.
    const scope = `${day}/${this.#scope.region}/${this.#scope.service}/aws4_request`;
    const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash('sha256', request)}`;
    // Steps 5 and 6, the signature and its header.
    const signature = createHmac('sha256', this.#keyOf(day)).update(text).digest('hex');
    signed['authorization'] =
      `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${list}, Signature=${signature}`;
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

  /** Step 4, the key of a day. */
  #keyOf(day: string): Buffer {
    if (this.#key.day !== day) {
      const parts = [day, this.#scope.region, this.#scope.service, 'aws4_request'];
      const secret = Buffer.from(`AWS4${this.#credentials.secretAccessKey}`);
      const bytes = parts.reduce((key, part) => createHmac('sha256', key).update(part).digest(), secret);
      this.#key = { day, bytes };
    }
    return this.#key.bytes;
  }
}

/** CanonicalHeaders: "remove leading and trailing spaces, and convert sequential spaces to a single space". */
function canonicalValue(value = ''): string {
  return value.trim().replace(/ {2,}/g, ' ');
}

/**
 * CanonicalUri and CanonicalQueryString, on a line each. "Each path segment must be URI-encoded twice except for
 * Amazon S3": the path on the wire is encoded once already. Parameters are sorted by their encoded names, then values.
 */
function canonicalPath(path: string): string {
  const at = path.indexOf('?');
  if (at < 0) return `${escaped(path)}\n`;
  const parameters = path.slice(at + 1).split('&');
  const pairs = parameters.map((parameter) => (parameter.includes('=') ? parameter : `${parameter}=`));
  return `${escaped(path.slice(0, at))}\n${pairs.sort().join('&')}`;
}

/** UriEncode: every byte but the unreserved `A-Z a-z 0-9 - . _ ~`, and here the slash. */
function escaped(path: string): string {
  const most = encodeURIComponent(path).replaceAll('%2F', '/');
  return most.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
