import type { Clock } from '../gateway/ports.ts';
import { type HttpsAnswer, HttpsOrigin, type HttpsRequest } from './https-origin.ts';
import { type Credentials, Signer, type SigningScope } from './signer.ts';

/** Who calls AWS from where: what all services of a function have in common. */
export interface Caller {
  readonly region: string;
  readonly credentials: Credentials;
}

/** One service of AWS at one address, by signed calls. */
export class AwsService {
  readonly #host: string;
  /** The path of the address, without a slash at its end. */
  readonly #base: string;
  readonly #origin: HttpsOrigin;
  readonly #signer: Signer;

  constructor(
    service: SigningScope['service'],
    address: string,
    { region, credentials }: Caller,
    clock: Clock,
  ) {
    const url = new URL(address);
    this.#host = url.host;
    this.#base = url.pathname.replace(/\/+$/, '');
    this.#origin = new HttpsOrigin(url, clock);
    this.#signer = new Signer(credentials, { service, region }, clock);
  }

  /**
   * Makes a call; its path begins where the address ends. Whatever the service answers is an answer; rejects if it does
   * not, in so many milliseconds if they are given.
   */
  call({ method, path, headers, body }: HttpsRequest, timeoutMs?: number): Promise<HttpsAnswer> {
    const request = { method, path: this.#base + path, headers: { ...headers, host: this.#host }, body };
    return this.#origin.call({ ...request, headers: this.#signer.sign(request) }, timeoutMs);
  }
}
