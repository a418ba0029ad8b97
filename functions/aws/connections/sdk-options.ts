import type { Caller } from '../client/aws-service.ts';
import type { Credentials } from '../client/signer.ts';

/** The options of every SDK client: region, credentials, and timeouts, since the SDK sets none by default. */
export function sdkOptions({ region, credentials, connections: maxSockets = 64 }: Caller) {
  const requestHandler = { ...timeouts, httpAgent: { maxSockets }, httpsAgent: { maxSockets } };
  return { region, credentials: sdkCredentials(credentials), requestHandler };
}

/** An attempt may take 1.5 seconds, as in our own client: a call that may be repeated has several. */
const timeouts = { connectionTimeout: 1_000, requestTimeout: 1_500, throwOnRequestTimeout: true };

function sdkCredentials({ accessKeyId, secretAccessKey, sessionToken }: Credentials) {
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}
