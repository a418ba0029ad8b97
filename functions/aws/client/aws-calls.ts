import { CommonFields } from '../../http/fields.ts';
import type { CallTimeouts, HttpsClient, HttpsResponse } from './https-client.ts';
import type { Signer } from './signer.ts';

/** A call: its path begins where the address of its service ends, and is escaped as it is to stand on the wire. */
export interface AwsCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body: string;
}

/** Signed calls to a service of AWS that have their headers in common: these are written once, and not for each call. */
export class AwsCalls {
  readonly #client: HttpsClient;
  /** The path of the service's address, without a slash at its end. */
  readonly #base: string;
  readonly #signer: Signer;
  readonly #fields: CommonFields;

  /** Throws if the headers can't stand on the wire. */
  constructor(client: HttpsClient, base: string, signer: Signer) {
    this.#client = client;
    this.#base = base;
    this.#signer = signer;
    this.#fields = new CommonFields(signer.headers);
  }

  /** Whatever the service answers is an answer; rejects with a `NoResponseError` if it does not. */
  make({ method, path: behind, body }: AwsCall, time?: CallTimeouts): Promise<HttpsResponse> {
    const path = this.#base + behind;
    const headers = this.#signer.sign({ method, path, body });
    return this.#client.call({ method, path, fields: this.#fields, headers, body }, time);
  }
}
