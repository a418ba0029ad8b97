/**
 * The mapping template of an integration, in the part of Apache Velocity that ours needs:
 * - a template gets the values of $context and the body in base64
 * - a template that says anything else can’t be rendered
 */
import type { MessageEvent } from './events.ts';

const known = /\$util\.base64Encode\(\$input\.body\)|\$context\.(\w+)/g;

/** What API Gateway makes of a template for a message. A value that it does not have is empty. */
export function rendered(template: string, { requestContext, body }: MessageEvent): string {
  const unknown = template.replaceAll(known, '').match(/[$#]\S*/);
  if (unknown !== null) throw new Error(`The stand-in knows no ${unknown[0]} in a template.`);
  const context = new Map(Object.entries(requestContext));
  return template.replaceAll(known, (_, name: string | undefined) =>
    name === undefined ? Buffer.from(body).toString('base64') : String(context.get(name) ?? ''),
  );
}
