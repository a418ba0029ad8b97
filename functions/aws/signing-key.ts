import { createHmac } from 'node:crypto';
import { Hmac } from '../wire/hmac.ts';

/** A service of AWS by the name that signatures know it by, and where it is: `execute-api` in `eu-central-1`. */
export interface SigningScope {
  readonly service: string;
  readonly region: string;
}

/** The key of a service, which is another one each day ("Create a signed AWS API request", step 4, IAM User Guide). */
export class SigningKey {
  readonly #secret: string;
  readonly #scope: SigningScope;
  #day = '';
  #key = new Hmac(new Uint8Array());

  constructor(secretAccessKey: string, scope: SigningScope) {
    this.#secret = `AWS4${secretAccessKey}`;
    this.#scope = scope;
  }

  /** What the key is for on a day such as `20150830`. */
  scopeOf(day: string): string {
    return `${day}/${this.#scope.region}/${this.#scope.service}/aws4_request`;
  }

  /** Signs a text on a day; in hexadecimal. */
  sign(day: string, text: string): string {
    if (this.#day !== day) {
      const key = this.scopeOf(day)
        .split('/')
        .reduce((key, part) => createHmac('sha256', key).update(part).digest(), Buffer.from(this.#secret));
      this.#key = new Hmac(key);
      this.#day = day;
    }
    return this.#key.digest(text, 'hex');
  }
}
