/** The frame that keeps a socket alive; never a hook. */
export const pingFrame = '{"sockethook":"ping"}';

/**
 * Whether a message is a ping: a JSON object whose `sockethook` is `ping`, as API Gateway's route selection
 * `$request.body.sockethook` would find it.
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
