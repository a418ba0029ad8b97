"""A chat with Flask, with a room for each path.

    pip install flask
    eval "$(npm run --silent env)"; python3 examples/flask/app.py
"""

import os
import re
import sys
from pathlib import Path
from urllib.parse import quote

from flask import Flask, Response, json, request
from werkzeug.serving import make_server

# In your app, copy websocket.py beside this file instead.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'python'))
import websocket  # noqa: E402

ACTIONS = 'application/vnd.sockethook+json'
LONGEST_NAME = 100
LONGEST_TEXT = 2000

app = Flask(__name__)
# A message of 131,072 bytes with every byte escaped, and the other fields.
app.config['MAX_CONTENT_LENGTH'] = 1048576


def handshake(message):
    """Lets a client into the room that its path names."""
    if len(message.path) > LONGEST_NAME:
        return 404
    return {'join': [message.path],
            'broadcast': [to_room(message, f'{name(message)} came in.')]}


def said(message):
    """Passes a message on to the room, including its sender."""
    if len(message.body) > LONGEST_TEXT:
        return {'reply': f'Not sent: over {LONGEST_TEXT} characters.'}
    text = f'{name(message)}: {message.body}'
    return {'broadcast': [to_room(message, text)]}


def closed(message):
    """Tells the room who has left."""
    return {'broadcast': [to_room(message, f'{name(message)} left.')]}


HANDLERS = {'handshake': handshake, 'message': said, 'closed': closed}


def to_room(message, text):
    """The gateway does what an answer asks for: no call is needed."""
    return {'body': text, 'group': message.path}


def name(message):
    """The user of the ticket."""
    return message.user or 'Somebody'


@app.post('/websocket/<path:_>')
def answer_hook(_):
    """Decides by the verified body alone: Flask has decoded the path."""
    # The raw body, before anything parses it: the signature is over it.
    body = request.get_data()
    try:
        fields = websocket.verify(request.headers, body, raw_target())
    except websocket.VerificationError as error:
        return f'{error}\n', 401
    handler = HANDLERS.get(fields['event'])
    if handler is None:
        return 'There is no handler for this hook.\n', 404
    answer = handler(websocket.Message(fields))
    if isinstance(answer, int):
        return '', answer
    return Response(json.dumps(answer), content_type=ACTIONS)


def raw_target():
    """The URL as it was on the wire, with its escapes.

    WSGI has the decoded path only. Gunicorn and Flask's own server keep the
    target, and so do uWSGI and mod_wsgi, under another name. With any other
    server, an escaped slash looks like one that is not, and its hook gets 401.
    """
    target = (request.environ.get('RAW_URI')
              or request.environ.get('REQUEST_URI'))
    if target:
        return target
    decoded = (request.environ.get('SCRIPT_NAME', '')
               + request.environ.get('PATH_INFO', ''))
    return quote(decoded.encode('latin-1'))


def main():
    """Listens on 127.0.0.1 until interrupted."""
    port = os.environ.get('PORT') or '3000'
    if not re.fullmatch('[0-9]{1,5}', port) or int(port) > 65535:
        sys.exit('PORT must be a port number.')
    if not os.environ.get('SOCKETHOOK_WEBHOOK_SECRET'):
        sys.exit('SOCKETHOOK_WEBHOOK_SECRET must be set.')
    server = make_server('127.0.0.1', int(port), app, threaded=True)
    print(f'listening on http://127.0.0.1:{server.server_port}/', flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == '__main__':
    main()
