import { createHmac } from 'node:crypto';
import { Hmac } from '../../wire/hmac.ts';

/** A service of AWS by the name that signatures know it by, and where it is: `execute-api` in `eu-central-1`. */
export interface SigningScope {
  readonly service: string;
  readonly region: string;
}

/** The key of a service, which is another one each day ("Create a signed AWS API request", step 4, IAM User Guide). */
export class ServiceKey {
  readonly #secret: string;
  readonly #scope: SigningScope;
  #today: { readonly day: string; readonly hmac: Hmac } | undefined;

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
    if (this.#today?.day !== day) this.#today = { day, hmac: this.#derive(day) };
    return this.#today.hmac.digest(text, 'hex');
  }

  #derive(day: string): Hmac {
    const parts = this.scopeOf(day).split('/');
    const secret = Buffer.from(this.#secret);
    return new Hmac(parts.reduce((key, part) => createHmac('sha256', key).update(part).digest(), secret));
  }
}
