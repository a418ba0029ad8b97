import { hash } from 'node:crypto';
import type { Clock } from '../../gateway/ports.ts';
import type { ServiceKey } from './service-key.ts';

/** AWS credentials. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Part of a role's credentials, and every function has a role. */
  readonly sessionToken?: string | undefined;
}

/** What requests share: their host, and their other headers. Header names are in lower case. */
export interface Common {
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A request to sign, without the parts that it shares with others. */
export interface Unsigned {
  readonly method: string;
  /** As sent: escaped, with its query, without empty or dot segments. */
  readonly path: string;
  readonly body: string;
}

/** The headers that differ for each request. */
export type Signature = Readonly<Record<'x-amz-date' | 'authorization', string>>;

/** The parts that all requests of one second share. */
interface Second {
  readonly at: number;
  /** `20150830`, and `20150830T123600Z`. */
  readonly day: string;
  readonly time: string;
  /** CanonicalHeaders and SignedHeaders. */
  readonly headers: string;
  /** The string to sign, up to the hash of the request. */
  readonly text: string;
  /** The header `authorization`, up to the signature. */
  readonly authorization: string;
}

/**
 * Signs requests to one service that share their headers, with AWS Signature Version 4. The steps are those of "Create a
 * signed AWS API request" in the IAM User Guide. We sign here because nearly everything that is hashed stays the same
 * for a second. A general signer costs several times as much.
 */
export class Signer {
  /** The headers that the requests share, with the session token, without the host. */
  readonly headers: Readonly<Record<string, string>>;
  readonly #host: string;
  readonly #accessKeyId: string;
  readonly #key: ServiceKey;
  readonly #clock: Pick<Clock, 'now'>;
  #second: Second | undefined;

  constructor(
    { accessKeyId, sessionToken }: Pick<Credentials, 'accessKeyId' | 'sessionToken'>,
    key: ServiceKey,
    { host, headers }: Common,
    clock: Pick<Clock, 'now'>,
  ) {
    this.#host = host;
    this.headers =
      sessionToken === undefined ? headers : { ...headers, 'x-amz-security-token': sessionToken };
    this.#accessKeyId = accessKeyId;
    this.#key = key;
    this.#clock = clock;
  }

  /** Signs a request. AWS accepts the signature for 5 minutes. */
  sign({ method, path, body }: Unsigned): Signature {
    const { day, time, headers, text, authorization } = this.#now();
    // Step 1, the canonical request, and step 2, its hash.
    const request = hash('sha256', `${method}\n${canonicalPath(path)}\n${headers}\n${hash('sha256', body)}`);
    // Steps 3 to 6: the string to sign, the signature and its header.
    return { 'x-amz-date': time, authorization: authorization + this.#key.sign(day, text + request) };
  }

  #now(): Second {
    const at = Math.floor(this.#clock.now() / 1_000);
    if (this.#second?.at !== at) this.#second = this.#begin(at);
    return this.#second;
  }

  #begin(at: number): Second {
    const time = new Date(at * 1_000).toISOString().replace(/[:-]|\.000/g, '');
    const day = time.slice(0, 8);
    const signed: Readonly<Record<string, string>> = {
      ...this.headers,
      host: this.#host,
      'x-amz-date': time,
    };
    const names = Object.keys(signed).sort();
    const lines = names.map((name) => `${name}:${canonicalValue(signed[name] ?? '')}\n`).join('');
    const list = names.join(';');
    const scope = this.#key.scopeOf(day);
    const authorization = `AWS4-HMAC-SHA256 Credential=${this.#accessKeyId}/${scope}, SignedHeaders=${list}, Signature=`;
    const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n`;
    return { at, day, time, headers: `${lines}\n${list}`, text, authorization };
  }
}

/** CanonicalHeaders: spaces around a value are removed, and each run of spaces within it becomes one. */
function canonicalValue(value: string): string {
  return value.trim().replace(/ {2,}/g, ' ');
}

/**
 * CanonicalUri and CanonicalQueryString, one line each. Except for S3, the path is escaped once more than on the wire.
 * Parameters are not. They are sorted by name, then by value.
 */
function canonicalPath(path: string): string {
  const at = path.indexOf('?');
  if (at < 0) return `${escaped(path)}\n`;
  const parameters = path.slice(at + 1).split('&');
  // A name sorts before longer names that start with it, so `=` becomes NUL, which sorts before everything in a name.
  const pairs = parameters.map((parameter) =>
    parameter.includes('=') ? parameter.replace('=', '\0') : `${parameter}\0`,
  );
  return `${escaped(path.slice(0, at))}\n${pairs.sort().join('&').replaceAll('\0', '=')}`;
}

/** UriEncode: escapes all but `A-Z a-z 0-9 - . _ ~` and the slashes of a path. The input is visible ASCII. */
function escaped(path: string): string {
  return path.replace(/[^\w.~/-]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
