/** What a request is for, as RFC 9112 section 3.2.1 has it for an origin server, and which server it was sent to. */
export interface RequestTarget {
  /** A path and perhaps a query; or whatever the client wrote, if it is neither that nor a URL. */
  readonly target: string;
  /** The host and perhaps the port of a target that is a whole URL: it counts in place of `Host` (section 3.2.2). */
  readonly authority: string | undefined;
}

const absolute = /^(?:https?|wss?):\/\/([^/?#]*)(.*)$/is;

/** Reads a request target. RFC 9112 section 3.2.2: a server takes a whole URL too, as one sends it to a proxy. */
export function readRequestTarget(target: string): RequestTarget {
  if (target.startsWith('/')) return { target, authority: undefined };
  const [, authority, rest] = absolute.exec(target) ?? [];
  if (authority === undefined || rest === undefined) return { target, authority: undefined };
  // RFC 9112 section 3.2.1: the path of a URL without one is "/".
  return { target: rest.startsWith('/') ? rest : `/${rest}`, authority };
}
