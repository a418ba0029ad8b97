import { type ApiResponse, type Call, refusal } from '../../gateway/api/call.ts';
import { noRoute } from '../../gateway/api/no-route.ts';
import type { Gateway } from '../../gateway/gateway.ts';
import { problem } from '../../wire/problems.ts';
import { ok } from '../../wire/result.ts';
import type { ApiFunctionName, RouteKey } from '../../wire/routes.ts';
import type { HttpEvent, HttpResult, LambdaContext } from '../events.ts';
import type { AwsGateway } from '../gateway.ts';
import type { ApiAuth } from '../settings.ts';
import { withDeadline } from './with-deadline.ts';

/** Everything that a handler of the HTTP API needs, whatever its calls. */
interface HandlerNeeds extends Pick<Gateway, 'log' | 'clock'> {
  readonly apiAuth: ApiAuth;
}

/**
 * The handler of one function of the HTTP API: all its calls by their route keys, and what they need of the gateway.
 * A request by any other route, such as `$default`, gets a problem that says why it is no call.
 */
export function apiHandler<Name extends ApiFunctionName, Needs extends HandlerNeeds = AwsGateway>(
  gateway: Needs,
  calls: Readonly<Record<RouteKey<Name>, Call<Needs>>>,
): (event: HttpEvent, context: LambdaContext) => Promise<HttpResult> {
  const callOf = new Map<string, Call<Needs>>(Object.entries(calls));
  return async (event, context) => {
    const id = event.requestContext.requestId;
    // RFC 9110 section 9.3.2: HEAD is GET without the content, which API Gateway leaves out.
    const key = event.routeKey.replace(/^HEAD /, 'GET ');
    const call = callOf.get(key);
    const asked = async (): Promise<ApiResponse> =>
      call === undefined
        ? notFound(event)
        : call(withDeadline(gateway, context), { ...toRequest(event, id), ...identity(gateway, event) });
    const answer = await asked().catch((error: unknown) => {
      gateway.log.error('fault', { request: id, why: String(error) });
      return refusal(problem('internal_error'));
    });
    const headers = { ...answer.headers, 'Cache-Control': 'no-store', 'X-Request-Id': id };
    return { statusCode: answer.status, headers, body: answer.body };
  };
}

function notFound({ rawPath }: HttpEvent): ApiResponse {
  const { problem, allow } = noRoute(rawPath);
  return refusal(problem, allow === undefined ? {} : { Allow: allow });
}

/** The caller that API Gateway has let in, where IAM decides; empty on a route that does not ask IAM. */
function identity({ apiAuth }: HandlerNeeds, { requestContext }: HttpEvent): { readonly identity?: string } {
  return apiAuth === 'iam' ? { identity: requestContext.authorizer?.iam?.userArn ?? '' } : {};
}

function toRequest(
  { headers, rawQueryString, pathParameters, body, isBase64Encoded }: HttpEvent,
  id: string,
) {
  const parameters = Object.entries(pathParameters ?? {}).map(([name, value]) => [name, value ?? '']);
  return {
    id,
    parameters: Object.fromEntries(parameters),
    query: rawQueryString ?? '',
    authorization: headers?.['authorization'] ?? '',
    contentType: headers?.['content-type'] ?? '',
    idempotencyKey: headers?.['idempotency-key'] ?? undefined,
    body: async () => ok(Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8')),
  };
}
