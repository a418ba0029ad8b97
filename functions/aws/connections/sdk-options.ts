import type { Caller } from '../client/aws-service.ts';
import type { Credentials } from '../client/signer.ts';

/** What every client of the SDK is given: who calls, and time-outs, which it does not have of its own. */
export function sdkOptions({ region, credentials, connections: maxSockets = 64 }: Caller) {
  const requestHandler = { ...timeouts, httpAgent: { maxSockets }, httpsAgent: { maxSockets } };
  return { region, credentials: sdkCredentials(credentials), requestHandler };
}

/** A try is given up after 1.5 seconds, as those of our own calls are: a call that may be repeated has several. */
const timeouts = { connectionTimeout: 1_000, requestTimeout: 1_500, throwOnRequestTimeout: true };

function sdkCredentials({ accessKeyId, secretAccessKey, sessionToken }: Credentials) {
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}
