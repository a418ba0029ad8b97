/** The target of a request in origin form (RFC 9112 section 3.2.1), and the server that it names, if any. */
export interface RequestTarget {
  /** A path, with or without a query. If the target is neither that nor a URL, it is left as it was sent. */
  readonly target: string;
  /** The authority of a target that is a whole URL. It overrides `Host` (section 3.2.2). */
  readonly authority: string | undefined;
}

const absolute = /^(?:https?|wss?):\/\/([^/?#]*)(.*)$/is;

/** Parses a request target. RFC 9112 section 3.2.2: a server must also accept a whole URL, as sent to proxies. */
export function readRequestTarget(target: string): RequestTarget {
  if (target.startsWith('/')) return { target, authority: undefined };
  const [, authority, rest] = absolute.exec(target) ?? [];
  if (authority === undefined || rest === undefined) return { target, authority: undefined };
  // RFC 9112 section 3.2.1: the path of a URL without one is "/".
  return { target: rest.startsWith('/') ? rest : `/${rest}`, authority };
}
