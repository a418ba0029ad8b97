/**
 * A stand-in for the WebSocket API of API Gateway, and for its management API, on one port of this machine; made from
 * what is documented and what has been observed. It knows nothing of the Lambdas but how to invoke them. The files
 * beside this one say what is emulated, one rule a bullet, each the name of a test in `api-gateway.test.ts`.
 * - after stop every connection is gone and nothing is invoked any more
 *
 * Not emulated: authorizers, custom domains and mapping keys, stage variables, permessage-deflate, TLS, throttling by
 * rate (only the fault), the check of signatures (only their presence), the 4,096 characters of a URL, clients that
 * do not read (only the fault). Guessed, since nothing is known: what AWS answers to a broken handshake, the bodies
 * of refused upgrades, what `$disconnect` says after 1003 and 1009, that a message's `{"statusCode": 500}` is no
 * error.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Api, QueuedMessages, Routes } from './api.ts';
import { answerCall } from './connections-api.ts';
import { Faults } from './faults.ts';
import { newId } from './ids.ts';
import { Invocations } from './invocations.ts';
import { apiGatewayLimits, type Limits } from './limits.ts';
import { Upgrades } from './upgrade.ts';

/** Longer than a caller keeps a connection that it does not use, so that none is cut under a call, in milliseconds. */
const keepAliveTimeout = 60_000;

/** What is deployed. */
export interface ApiGatewayOptions {
  readonly routes: Routes;
  /** Whether `$default` has a route response; by default it has none. */
  readonly returnResponse?: boolean;
  /** Hands messages over instead of invoking `$default`. */
  readonly queued?: QueuedMessages | undefined;
  /** By default `production`. */
  readonly stage?: string;
  /** What events say; by default of the form that API Gateway makes. */
  readonly domainName?: string;
  /** What to have otherwise than on AWS. */
  readonly limits?: Partial<Limits>;
  /** Milliseconds by which the next message's invocation is put off; by default none is. */
  readonly jitter?: () => number;
}

/** One API, from its start to its stop. */
export class ApiGateway {
  /** What goes wrong; may be switched at any time. */
  readonly faults: Faults;
  /** Where clients connect: `ws://127.0.0.1:1234/production`. */
  readonly url: string;
  /** What the AWS SDK takes for its endpoint: `http://127.0.0.1:1234/production`. */
  readonly endpoint: string;
  readonly #api: Api;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(api: Api, server: Server, sockets: Set<Socket>) {
    const { port } = server.address() as AddressInfo;
    this.faults = api.faults;
    this.url = `ws://127.0.0.1:${port}/${api.stage}`;
    this.endpoint = `http://127.0.0.1:${port}/${api.stage}`;
    this.#api = api;
    this.#server = server;
    this.#sockets = sockets;
  }

  /** Starts one on a free port. */
  static async start(options: ApiGatewayOptions): Promise<ApiGateway> {
    const api = deploy(options);
    const upgrades = new Upgrades(api);
    const sockets = new Set<Socket>();
    const server = createServer((request, response) => {
      answerCall(api, request, response).catch(() => response.destroy());
    });
    server.keepAliveTimeout = keepAliveTimeout;
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    server.on('upgrade', (request, socket, head) =>
      api.invocations.begin(() => upgrades.handle(request, socket, head)),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ApiGateway(api, server, sockets);
  }

  /** The ids of the connections that are open. */
  get connectionIds(): readonly string[] {
    return [...this.#api.connections.keys()];
  }

  /** What Lambdas have thrown, oldest first; AWS would log it. */
  get lambdaErrors(): readonly unknown[] {
    return this.#api.invocations.errors;
  }

  /** Resolves when no Lambda runs, and none is about to but for messages that are held for a reversal. */
  settled(): Promise<void> {
    return this.#api.invocations.settled();
  }

  /** Cuts every connection; nobody is told. Does not wait for Lambdas that still run. */
  async stop(): Promise<void> {
    this.#api.invocations.stop();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

function deploy(options: ApiGatewayOptions): Api {
  const { routes, returnResponse = false, queued, stage = 'production', jitter = () => 0 } = options;
  const limits = { ...apiGatewayLimits, ...options.limits };
  const apiId = newId().replace(/\W|_/g, '').slice(0, 10).toLowerCase();
  const domainName = options.domainName ?? `${apiId}.execute-api.us-east-1.amazonaws.com`;
  const invocations = new Invocations(limits.integrationTimeoutMs);
  const parts = { faults: new Faults(), invocations, connections: new Map() };
  return { routes, returnResponse, queued, stage, apiId, domainName, jitter, limits, ...parts };
}
