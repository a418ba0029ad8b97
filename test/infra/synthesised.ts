import { readFileSync } from 'node:fs';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { parseContext } from '../../infra/aws/context.ts';
import { SockethookStack } from '../../infra/aws/stack.ts';

/** A resource of a template, as far as a test looks into it. */
export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly DependsOn?: readonly string[];
}

/** What cdk.json says, as every command of the CDK reads it. */
export const cdkJson: { readonly app: string; readonly context: Readonly<Record<string, unknown>> } =
  JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8'));

/** An app with the feature flags of cdk.json that bundles nothing, which is what takes time. */
export function quickApp(): App {
  const context = { ...cdkJson.context, 'aws:cdk:bundling-stacks': [] };
  return new App({ context, analyticsReporting: false });
}

/** The stack that this context makes. */
export function stackOf(context: Readonly<Record<string, unknown>> = {}): SockethookStack {
  const settings = parseContext({ webhookBaseUrl: 'https://app.example/websocket', ...context });
  if (!settings.ok) throw new Error(settings.error.join('\n'));
  return new SockethookStack(quickApp(), settings.value);
}

/** A synthesised stack, with short names for what stands in it. */
export class Synthesised {
  readonly template: Template;

  constructor(stack: Stack) {
    this.template = Template.fromStack(stack);
  }

  static of(context: Readonly<Record<string, unknown>> = {}): Synthesised {
    return new Synthesised(stackOf(context));
  }

  /** All resources of a type by their logical ids. */
  all(type: string): [id: string, resource: Resource][] {
    return Object.entries(this.template.findResources(type) as Record<string, Resource>);
  }

  /** The only resource of a type whose logical id has this part. */
  one(type: string, part = ''): Resource & { readonly id: string } {
    const found = this.all(type).filter(([id]) => id.includes(part));
    const [first] = found;
    if (first === undefined || found.length > 1) throw new Error(`${found.length} of ${type} have ${part}`);
    return { id: first[0], ...first[1] };
  }

  /** The function of a handler. */
  lambda(name: string): Resource & { readonly id: string } {
    return this.one('AWS::Lambda::Function', `Functions${name}Function`);
  }

  /** A value as one line, each reference as `<what it refers to>`, without the hash of its logical id. */
  line(value: unknown): string {
    if (typeof value !== 'object' || value === null) return String(value);
    const [[kind, of] = ['', undefined]] = Object.entries(value);
    if (kind === 'Ref') return `<${short(String(of))}>`;
    if (kind === 'Fn::GetAtt' && Array.isArray(of)) return `<${short(String(of[0]))}.${of[1]}>`;
    if (kind === 'Fn::Join' && Array.isArray(of))
      return of[1].map((part: unknown) => this.line(part)).join(of[0]);
    return JSON.stringify(value);
  }
}

function short(id: string): string {
  return id.replace(/^Gateway/, '').replace(/[0-9A-F]{8}$/, '');
}
