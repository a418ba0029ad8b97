import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { answerHook } from './answer-hook.ts';
import { createGateway, type Gateway, GatewayError } from './gateway.ts';
import { type Hook, readHook } from './hook.ts';
import { pageFile } from './page.ts';
import { type Reply, sentence, writeReply } from './reply.ts';
import { readSettings, type Settings } from './settings.ts';

/** Answers every request: for the page, for a URL that the page connects to, and for the three hooks. */
async function reply(request: IncomingMessage, settings: Settings, gateway: Gateway): Promise<Reply> {
  const [path = '/'] = (request.url ?? '/').split('?', 1);
  if (path.startsWith('/websocket/')) {
    if (request.method !== 'POST') return { ...sentence(405, 'A hook is a POST.'), allow: 'POST' };
    const hook = await readHook(request, path, settings.webhookKey);
    return 'event' in hook ? replyToHook(hook, gateway) : hook;
  }
  if (path !== '/url' && pageFile(path) === undefined) return sentence(404, 'There is nothing here.');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { ...sentence(405, 'This is only for reading.'), allow: 'GET, HEAD' };
  }
  return pageFile(path) ?? freshUrl(gateway);
}

/** 204 says that the hook is done. 503 asks the gateway to post it again later, 422 not to. */
async function replyToHook(hook: Hook, gateway: Gateway): Promise<Reply> {
  try {
    await answerHook(hook, gateway);
    return { status: 204 };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    complain(error);
    return sentence(error.mayPass ? 503 : 422, error.message);
  }
}

/** A URL contains a ticket that expires, so the page asks for a new one each time it connects. */
async function freshUrl(gateway: Gateway): Promise<Reply> {
  try {
    const url = await gateway.createUrl('/foo/bar');
    return { status: 200, type: 'application/json', body: JSON.stringify({ url }) };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return sentence(502, error.message);
  }
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  settings: Settings,
  gateway: Gateway,
): Promise<void> {
  try {
    writeReply(response, await reply(request, settings, gateway));
  } catch (error) {
    complain(error);
    writeReply(response, sentence(500, 'The demo app failed.'));
  }
}

function start(settings: Settings): void {
  const gateway = createGateway(settings.apiUrl, settings.apiKey);
  const server = createServer((request, response) => {
    void respond(request, response, settings, gateway);
  });
  server.on('error', (error) => fail(`The demo app can not listen on DEMO_PORT: ${error.message}.`));
  server.listen(settings.port, '127.0.0.1', () => {
    const address = server.address();
    tellListening(address !== null && typeof address === 'object' ? address.port : settings.port);
  });
}

/** A parent process with an IPC channel gets the port. When it ends, so does the app. */
function tellListening(port: number): void {
  if (process.send === undefined) {
    process.stdout.write(`The demo is at http://localhost:${port}/\n`);
    return;
  }
  process.send({ listening: port });
  process.on('disconnect', () => process.exit(0));
}

function complain(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
}

function fail(why: string): void {
  process.stderr.write(`${why}\n`);
  process.exitCode = 1;
}

const settings = readSettings(process.env);
if (settings.ok) start(settings.value);
else fail(settings.fault);
