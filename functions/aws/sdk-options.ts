import type { Caller } from './aws-service.ts';
import type { Credentials } from './signer.ts';

/** What every client of the SDK is given: who calls, and time-outs, which it does not have of its own. */
export function sdkOptions({ region, credentials }: Caller) {
  return { region, credentials: identity(credentials), requestHandler };
}

/** One for each delivery that a send or broadcast has under way: the client takes a wait for one for a slow connection. */
const maxSockets = 256;

/** A try is given up after 1.5 seconds, as those of our own calls are: a call that may be repeated has several. */
const requestHandler = {
  ...{ connectionTimeout: 1_000, requestTimeout: 1_500, throwOnRequestTimeout: true },
  ...{ httpAgent: { maxSockets }, httpsAgent: { maxSockets } },
};

function identity({ accessKeyId, secretAccessKey, sessionToken }: Credentials) {
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}
