import type { Clock } from '../../gateway/ports.ts';
import { AwsCalls } from './aws-calls.ts';
import { HttpsClient } from './https-client.ts';
import { ServiceKey, type SigningScope } from './service-key.ts';
import { type Credentials, Signer } from './signer.ts';

/** The region and credentials that a function uses for all services. */
export interface Caller {
  readonly region: string;
  readonly credentials: Credentials;
  /**
   * The most connections to each service, 64 by default. Connections that the CPU can't keep busy only cost
   * handshakes.
   */
  readonly connections?: number | undefined;
}

/** One AWS service at one URL. */
export class AwsService {
  readonly #url: URL;
  readonly #client: HttpsClient;
  readonly #key: ServiceKey;
  readonly #credentials: Credentials;
  readonly #clock: Clock;

  constructor(
    service: SigningScope['service'],
    address: string,
    { region, credentials, connections }: Caller,
    clock: Clock,
  ) {
    this.#url = new URL(address);
    this.#client = new HttpsClient(this.#url, clock, connections === undefined ? {} : { connections });
    this.#key = new ServiceKey(credentials.secretAccessKey, { service, region });
    this.#credentials = credentials;
    this.#clock = clock;
  }

  /** Calls that share these headers. Header names are in lower case. Throws if a header is not valid in HTTP. */
  callsWith(headers: Readonly<Record<string, string>>): AwsCalls {
    const common = { host: this.#url.host, headers };
    const signer = new Signer(this.#credentials, this.#key, common, this.#clock);
    return new AwsCalls(this.#client, this.#url.pathname.replace(/\/+$/, ''), signer);
  }
}
