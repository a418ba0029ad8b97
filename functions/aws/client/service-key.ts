import { createHmac } from 'node:crypto';
import { Hmac } from '../../wire/hmac.ts';

/** The name and region of an AWS service in a signature, such as `execute-api` in `eu-central-1`. */
export interface SigningScope {
  readonly service: string;
  readonly region: string;
}

/** The signing key of a service. It changes every day ("Create a signed AWS API request", step 4, IAM User Guide). */
export class ServiceKey {
  readonly #secret: string;
  readonly #scope: SigningScope;
  #today: { readonly day: string; readonly hmac: Hmac } | undefined;

  constructor(secretAccessKey: string, scope: SigningScope) {
    this.#secret = `AWS4${secretAccessKey}`;
    this.#scope = scope;
  }

  /** The credential scope on a day such as `20150830`. */
  scopeOf(day: string): string {
    return `${day}/${this.#scope.region}/${this.#scope.service}/aws4_request`;
  }

  /** Signs a text on a day. The signature is hexadecimal. */
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
