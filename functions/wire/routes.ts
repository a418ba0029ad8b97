/** A path of the HTTP API. */
interface Route {
  /** The Lambda function that answers it: `functions/<name>.ts`. */
  readonly function: 'send' | 'broadcast' | 'urls' | 'sockets' | 'groups' | 'dead-letters' | 'health';
  readonly methods: readonly ('GET' | 'POST' | 'PUT' | 'DELETE')[];
}

/**
 * The calls of the HTTP API. `{socket}`, `{group}`, `{broadcast}` and `{deadLetter}` are parameters, written as OpenAPI
 * and API Gateway write them. The gateway on one machine, the Lambda functions and the stack all read this table, and the
 * compiler checks that every call is there.
 */
export const routes = {
  '/send': { function: 'send', methods: ['POST'] },
  '/broadcast': { function: 'broadcast', methods: ['POST'] },
  '/broadcasts/{broadcast}': { function: 'broadcast', methods: ['GET', 'DELETE'] },
  '/urls': { function: 'urls', methods: ['POST'] },
  '/sockets': { function: 'sockets', methods: ['GET'] },
  '/sockets/{socket}': { function: 'sockets', methods: ['GET', 'DELETE'] },
  '/groups/{group}': { function: 'groups', methods: ['GET'] },
  '/groups/{group}/sockets': { function: 'groups', methods: ['GET'] },
  '/groups/{group}/users': { function: 'groups', methods: ['GET'] },
  '/groups/{group}/sockets/{socket}': { function: 'groups', methods: ['PUT', 'DELETE'] },
  '/dead-letters': { function: 'dead-letters', methods: ['GET'] },
  '/dead-letters/replay': { function: 'dead-letters', methods: ['POST'] },
  '/dead-letters/{deadLetter}': { function: 'dead-letters', methods: ['GET', 'DELETE'] },
  '/dead-letters/{deadLetter}/replay': { function: 'dead-letters', methods: ['POST'] },
  '/health': { function: 'health', methods: ['GET'] },
  '/openapi.json': { function: 'health', methods: ['GET'] },
  '/asyncapi.json': { function: 'health', methods: ['GET'] },
} as const satisfies Readonly<Record<string, Route>>;

type Routes = typeof routes;

/** The name of a Lambda function that answers calls. */
export type ApiFunctionName = Routes[keyof Routes]['function'];

/** The calls that a function answers, as API Gateway names a route: `GET /sockets/{socket}`. */
export type RouteKey<Name extends ApiFunctionName = ApiFunctionName> = {
  [Path in keyof Routes]: Routes[Path]['function'] extends Name
    ? `${Routes[Path]['methods'][number]} ${Path}`
    : never;
}[keyof Routes];

/** The methods of a path with `HEAD`: RFC 9110 section 9.3.2, HEAD is GET without the content. */
export function withHead<Method extends string>(methods: readonly Method[]): (Method | 'HEAD')[] {
  return methods.flatMap((method) => (method === 'GET' ? [method, 'HEAD'] : [method]));
}
