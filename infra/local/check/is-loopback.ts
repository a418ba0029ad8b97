/** Whether a base URL leads to this machine whatever a name server says (RFC 1122 section 3.2.1.3, RFC 6761 section 6.3). */
export function isLoopback(baseUrl: string): boolean {
  const { hostname } = new URL(baseUrl);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
