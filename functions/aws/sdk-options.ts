import type { Caller } from './aws-service.ts';
import type { Credentials } from './signer.ts';

/** What every client of the SDK is given: who calls, and time-outs, which it does not have of its own. */
export function sdkOptions({ region, credentials, connections: maxSockets = 64 }: Caller) {
  const requestHandler = { ...patience, httpAgent: { maxSockets }, httpsAgent: { maxSockets } };
  return { region, credentials: identity(credentials), requestHandler };
}

/** A try is given up after 1.5 seconds, as those of our own calls are: a call that may be repeated has several. */
const patience = { connectionTimeout: 1_000, requestTimeout: 1_500, throwOnRequestTimeout: true };

function identity({ accessKeyId, secretAccessKey, sessionToken }: Credentials) {
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}
