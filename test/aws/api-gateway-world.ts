import { connect as connectTcp } from 'node:net';
import { type Client, connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { upgradeRequest } from '../support/raw.ts';
import type { Routes } from './api-gateway/api.ts';
import { ApiGateway, type ApiGatewayOptions } from './api-gateway/api-gateway.ts';
import type { ConnectEvent, DisconnectEvent, MessageEvent, RequestContext } from './api-gateway/events.ts';

/** The form of every id. */
export const id = /^[\w-]{15}=$/;
/** What a Lambda returns to let a client in. */
export const ok = { statusCode: 200 };
/** A SigV4 signature in form; the emulator checks no more. */
export const authorization = `AWS4-HMAC-SHA256 Credential=AKID/20261122/us-east-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`;

/** An API with Lambdas that write down what they get, and then do as the test says. */
export class World {
  readonly connects: (ConnectEvent | MessageEvent)[] = [];
  readonly messages: MessageEvent[] = [];
  readonly disconnects: (DisconnectEvent | MessageEvent)[] = [];
  readonly gateway: ApiGateway;

  private constructor(gateway: ApiGateway) {
    this.gateway = gateway;
  }

  static async start(
    lambdas: Routes = {},
    options: Omit<Partial<ApiGatewayOptions>, 'routes'> = {},
  ): Promise<World> {
    const routes: Routes = {
      $connect: async (event) => {
        world.connects.push(event);
        return lambdas.$connect === undefined ? ok : lambdas.$connect(event);
      },
      $default: async (event) => {
        world.messages.push(event);
        return lambdas.$default === undefined ? ok : lambdas.$default(event);
      },
      $disconnect: async (event) => {
        world.disconnects.push(event);
        return lambdas.$disconnect === undefined ? ok : lambdas.$disconnect(event);
      },
    };
    const gateway = await ApiGateway.start({ routes, ...options });
    const world = new World(gateway);
    running.push(gateway);
    return world;
  }

  get faults(): ApiGateway['faults'] {
    return this.gateway.faults;
  }

  /** A client that is in, and its id. */
  async enter(): Promise<{ client: Client; connectionId: string }> {
    const client = await connect(this.gateway.url);
    const { connectionId } = this.connects.at(-1)?.requestContext ?? { connectionId: '' };
    return { client, connectionId };
  }

  /** A signed call of the management API. */
  call(method: string, connectionId: string, body?: string): Promise<Response> {
    const url = `${this.gateway.endpoint}/@connections/${encodeURIComponent(connectionId)}`;
    return fetch(url, { method, headers: { authorization }, ...(body !== undefined && { body }) });
  }

  /** The bodies of the messages, in the order in which they were invoked. */
  get bodies(): string[] {
    return this.messages.map(({ body }) => body);
  }

  /** The codes and reasons of all ends. */
  get ends(): unknown[] {
    return this.disconnects.map(({ requestContext: context }) =>
      'disconnectReason' in context ? [context.disconnectStatusCode, context.disconnectReason] : context,
    );
  }

  async ended(count = 1): Promise<unknown[]> {
    await eventually(`${count} ends`, () => this.disconnects.length >= count);
    await this.gateway.settled();
    return this.ends;
  }
}

const running: ApiGateway[] = [];

/** Stops every gateway that a test has started: for each file's `afterEach`. */
export async function stopGateways(): Promise<void> {
  await Promise.all(running.splice(0).map((gateway) => gateway.stop()));
}

/** Starts a gateway that has no route at all. */
export async function startWithoutRoutes(): Promise<ApiGateway> {
  const gateway = await ApiGateway.start({ routes: {} });
  running.push(gateway);
  return gateway;
}

/** Something that a Lambda waits for until the test opens it. */
export function gate(): { readonly open: () => void; readonly opened: Promise<void> } {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** What a Lambda returns that does not end. */
export const never = (): Promise<never> => new Promise(() => {});

/** A TCP client that asks for an upgrade, its headers byte for byte; what it gets, and how it leaves. */
export function connecting(world: World, headers: Readonly<Record<string, string>> = {}) {
  const { port, pathname } = new URL(world.gateway.url);
  const answer: string[] = [];
  const bytes = upgradeRequest(pathname, headers);
  const socket = connectTcp(Number(port), '127.0.0.1', () => socket.write(bytes));
  socket.on('data', (chunk) => answer.push(String(chunk)));
  socket.on('error', () => {});
  return { answer, leave: () => socket.destroy() };
}

/** An error frame as API Gateway writes it. */
export const frame = (message: string, { connectionId, requestId }: RequestContext): string =>
  `{"message": "${message}", "connectionId":"${connectionId}", "requestId":"${requestId}"}`;

/** Lets everybody in once one more client has been heard, whose bytes came after all others'. */
export async function enterAfterLeaves(world: World, open: () => void): Promise<{ client: Client }> {
  const pending = connect(world.gateway.url);
  await eventually('the last one waits', () => world.connects.length === 3);
  open();
  return { client: await pending };
}
