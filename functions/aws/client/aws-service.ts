import type { Clock } from '../../gateway/ports.ts';
import { AwsCalls } from './aws-calls.ts';
import { HttpsClient } from './https-client.ts';
import { ServiceKey, type SigningScope } from './service-key.ts';
import { type Credentials, Signer } from './signer.ts';

/** Who calls AWS from where: what all services of a function have in common. */
export interface Caller {
  readonly region: string;
  readonly credentials: Credentials;
  /**
   * How many connections it has to each service at most, 64 unless told: more than its CPU can keep busy only cost
   * handshakes.
   */
  readonly connections?: number | undefined;
}

/** One service of AWS at one address. */
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

  /** Calls with headers that they have in common; names in lower case. Throws if one can't stand on the wire. */
  callsWith(headers: Readonly<Record<string, string>>): AwsCalls {
    const common = { host: this.#url.host, headers };
    const signer = new Signer(this.#credentials, this.#key, common, this.#clock);
    return new AwsCalls(this.#client, this.#url.pathname.replace(/\/+$/, ''), signer);
  }
}
