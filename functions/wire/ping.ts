/** The message that keeps a socket alive. It never becomes a hook. */
export const pingFrame = '{"sockethook":"ping"}';

/** The gateway's answer to a ping. It tells the client that the link carries messages in both directions. */
export const pongFrame = '{"sockethook":"pong"}';

/**
 * Whether a message is a ping: a JSON object whose `sockethook` is `ping`. This matches API Gateway's route selection
 * expression `$request.body.sockethook`.
 */
export function isPing(text: string): boolean {
  if (text === pingFrame) return true;
  if (!text.includes('"sockethook"')) return false;
  try {
    const value: unknown = JSON.parse(text);
    return (
      typeof value === 'object' && value !== null && 'sockethook' in value && value.sockethook === 'ping'
    );
  } catch {
    return false;
  }
}
