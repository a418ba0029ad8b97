import { CommonFields } from '../../http/fields.ts';
import type { CallTimeouts, HttpsClient, HttpsResponse } from './https-client.ts';
import type { Signer } from './signer.ts';

/** One call. Its path follows the path of the service's URL, and is already escaped. */
export interface AwsCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body: string;
}

/** Signed calls to an AWS service that share their headers. The shared headers are written once, not for each call. */
export class AwsCalls {
  readonly #client: HttpsClient;
  /** The path of the service's URL, without a slash at its end. */
  readonly #base: string;
  readonly #signer: Signer;
  readonly #fields: CommonFields;

  /** Throws if a header is not valid in HTTP. */
  constructor(client: HttpsClient, base: string, signer: Signer) {
    this.#client = client;
    this.#base = base;
    this.#signer = signer;
    this.#fields = new CommonFields(signer.headers);
  }

  /** Resolves with the response, whatever its status. Rejects with a `NoResponseError` if there is none. */
  make({ method, path: behind, body }: AwsCall, time?: CallTimeouts): Promise<HttpsResponse> {
    const path = this.#base + behind;
    const headers = this.#signer.sign({ method, path, body });
    return this.#client.call({ method, path, fields: this.#fields, headers, body }, time);
  }
}
