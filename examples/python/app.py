"""The chat of the original Web Socket API's document, as a whole app.

    eval "$(npm run --silent env)"; python3 examples/python/app.py
"""

import json
import os
import re
import sys
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, quote, unquote

import websocket


class RequestHandler:
    """Handles one hook, whose fields are in `self.request.POST`."""

    def __init__(self, fields):
        self.request = SimpleNamespace(POST=fields)


class HandshakeHandler(RequestHandler):
    """Greets each client, which gets the greeting once it is in."""

    def post(self, path):
        message = websocket.Message(self.request.POST)
        websocket.send_message(
            [message.socket], 'Welcome, %s!' % user_of(message, path))


class MessageHandler(RequestHandler):
    """Sends each message back to its sender, and then to everybody."""

    def post(self, path):
        message = websocket.Message(self.request.POST)
        reply = 'Received: "%s"' % message.body
        if len(reply.encode()) > websocket.MESSAGE_BYTES:
            reply = 'Received, but too long to be repeated in quotes.'
        websocket.send_message([message.socket], reply)
        websocket.broadcast_message(message.body)


class SocketClosedHandler(RequestHandler):
    """Tells the others who has left."""

    def post(self, path):
        message = websocket.Message(self.request.POST)
        websocket.broadcast_message(
            '%s has left the building' % user_of(message, path))


URL_MAPPING = [
    ('/websocket/handshake/(.*)', HandshakeHandler),
    ('/websocket/message/(.*)', MessageHandler),
    ('/websocket/closed/(.*)', SocketClosedHandler),
]


def user_of(message, path):
    """The user of the ticket. Without one, the user that the path names."""
    return message.user or decode_user_from_path(path)


def decode_user_from_path(path):
    """The user in a path such as `chat/alice`. Clients can change it."""
    return unquote(path.partition('/')[2]) or 'Somebody'


def create_url_for(user):
    """A URL for a user. A real app takes the user from its session."""
    if os.environ.get('SOCKETHOOK_URL_KEY') or not user:
        return websocket.create_websocket_url('/chat', user=user)
    return websocket.create_websocket_url('/chat/' + quote(user, safe=''))


# The HTTP server around it.

MOST_BYTES = 1048576
MOST_DROPPED_BYTES = 16 * MOST_BYTES
HEADERS = {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"),
    'X-Content-Type-Options': 'nosniff',
}
HERE = Path(__file__).parent
# The client for browsers, of the package `sockethook`.
CLIENT = Path(os.environ.get('CLIENT_JS') or HERE / '../../dist/client.js')
PAGE_FILES = {
    '/': (HERE / 'page.html', 'text/html'),
    '/client.js': (CLIENT, 'text/javascript'),
    '/page.css': (HERE / 'page.css', 'text/css'),
    '/page.js': (HERE / 'page.js', 'text/javascript'),
}


class Connection(BaseHTTPRequestHandler):
    """Reads requests and answers them, one after another."""

    protocol_version = 'HTTP/1.1'
    # Otherwise a body waits up to 40 ms until its head is acknowledged.
    disable_nagle_algorithm = True
    timeout = 60

    def do_GET(self):
        if self.read_body() is None:
            return
        path, _, query = self.path.partition('?')
        if path in PAGE_FILES:
            file, content_type = PAGE_FILES[path]
            self.answer(200, file.read_bytes(), content_type + '; charset=utf-8')
        elif path == '/url':
            self.answer_url(parse_qs(query).get('user', [''])[0])
        elif path.startswith('/websocket/'):
            self.say(405, 'A hook is a POST.', Allow='POST')
        else:
            self.say(404, 'There is nothing here.')

    do_HEAD = do_GET

    def do_POST(self):
        body = self.read_body()
        if body is None:
            return
        if not self.path.startswith('/websocket/'):
            self.say(404, 'There is nothing here.')
            return
        status, sentence = self.handle_hook(body)
        if sentence:
            self.say(status, sentence)
        else:
            self.answer(status)

    def handle_hook(self, body):
        """Calls the handler that the mapping has for the URL.

        Returns the status of the answer, and a sentence or None.
        """
        try:
            fields = websocket.verify(self.headers, body, self.path)
            # From the body, which is signed: a proxy may rewrite the URL.
            path = '/websocket/%(event)s%(path)s' % fields
            for pattern, handler in URL_MAPPING:
                match = re.fullmatch(pattern, path)
                if match:
                    handler(fields).post(*match.groups())
                    return 204, None
            return 404, 'There is no handler for this hook.'
        except websocket.VerificationError as error:
            return 401, str(error)
        except websocket.GatewayError as error:
            print(error, file=sys.stderr)
            # 503 asks the gateway to post the hook again, 422 not to.
            return (503 if error.may_pass else 422), str(error)
        except Exception:
            traceback.print_exc()
            return 500, 'The app failed.'

    def answer_url(self, user):
        """Answers with a URL. It expires, so each attempt asks for one."""
        try:
            url = create_url_for(user)
        except websocket.BadArgumentError as error:
            self.say(400, f'There is no URL for this user: {error}')
            return
        content = json.dumps({'url': url}).encode()
        self.answer(200, content, 'application/json')

    def read_body(self):
        """Reads a body to its end, where the next request begins.

        Returns None if the request has been dealt with.
        """
        lengths = set(self.headers.get_all('Content-Length', ['0']))
        length = lengths.pop()
        if (lengths or 'Transfer-Encoding' in self.headers
                or not re.fullmatch('[0-9]{1,18}', length)):
            self.close_connection = True
            self.say(411, 'A body has one Content-Length.')
            return None
        if int(length) > MOST_BYTES:
            self.close_connection = True
            self.drop(min(int(length), MOST_DROPPED_BYTES))
            self.say(413, f'A body is at most {MOST_BYTES} bytes.')
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        return body

    def drop(self, left):
        """Keeps reading, so that the sender gets to see the answer."""
        while left > 0:
            read = len(self.rfile.read(min(left, 65536)))
            left = left - read if read else 0

    def say(self, status, sentence, **headers):
        """Answers with a sentence."""
        content = f'{sentence}\n'.encode()
        self.answer(status, content, 'text/plain; charset=utf-8', **headers)

    def answer(self, status, content=b'', content_type=None, **headers):
        """Answers, and says so if the connection will be closed."""
        self.send_response(status)
        for name, value in {**HEADERS, **headers}.items():
            self.send_header(name, value)
        if content_type:
            self.send_header('Content-Type', content_type)
            self.send_header('Content-Length', str(len(content)))
        if self.close_connection:
            self.send_header('Connection', 'close')
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(content)

    def log_message(self, *_):
        """Logs no requests. Hooks that fail are logged where they fail."""


class Server(ThreadingHTTPServer):
    """A thread for each connection."""

    # With the default of 5, the sixth of many simultaneous clients waits.
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Ignores connections that were cut by their clients."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def main():
    """Listens on 127.0.0.1 until interrupted."""
    port = os.environ.get('PORT') or '3000'
    if not re.fullmatch('[0-9]{1,5}', port) or int(port) > 65535:
        sys.exit('PORT must be a port number.')
    try:
        websocket.check_environment()
    except websocket.ConfigurationError as error:
        sys.exit(str(error))
    if not CLIENT.is_file():
        sys.exit(f'There is no {CLIENT.resolve()}. Run `npm run build`, or set '
                 'CLIENT_JS to dist/client.js of the package sockethook.')
    try:
        server = Server(('127.0.0.1', int(port)), Connection)
    except OSError as error:
        sys.exit(f'The app can not listen on port {port}: {error.strerror}.')
    print(f'listening on http://127.0.0.1:{server.server_port}/', flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == '__main__':
    main()
