"""The Web Socket API, for apps that only speak HTTP.

The functions of `typhoonae.websocket` (2010), for a Sockethook gateway.
The module needs only the standard library, and reads its settings from the
environment when it needs them:

    SOCKETHOOK_API_URL         the URL of the gateway's HTTP API
    SOCKETHOOK_API_KEY         the key for these calls
    SOCKETHOOK_WEBHOOK_SECRET  the secret that signs hooks: whsec_...
    SOCKETHOOK_WEBSOCKET_URL   the URL that clients connect to
    SOCKETHOOK_URL_KEY         the key that signs tickets; optional
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import time
import urllib.error
import urllib.request
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode

__all__ = [
    'BadArgumentError', 'ConfigurationError', 'Error', 'GatewayError',
    'MESSAGE_BYTES', 'Message', 'VerificationError', 'broadcast_message',
    'check_environment', 'close_socket', 'create_websocket_url',
    'delete_dead_letter', 'get_dead_letter', 'join_group', 'leave_group',
    'list_dead_letters', 'replay_dead_letter', 'replay_dead_letters',
    'send_message', 'verify',
]

# The maximum size of a message in bytes of UTF-8, in either direction.
MESSAGE_BYTES = 131072

# Two calls fit into the 10 seconds that the gateway waits for an answer.
_TIMEOUT_SECONDS = 4
_MOST_SOCKETS_IN_A_CALL = 1000
_MOST_SECONDS_OF_A_TICKET = 86400
_MOST_BYTES_OF_A_PATH = 1024
_MOST_BYTES_OF_A_USER = 256
_MOST_BYTES_OF_A_GROUP = 256
_MOST_GROUPS = 50
_MOST_BYTES_OF_GROUPS = 1024
_MOST_CHARACTERS_OF_A_URL = 4096
_MOST_CHARACTERS_OF_A_KEY = 255
# The maximum difference between the clocks of gateway and app.
_TOLERANCE_SECONDS = 300

_EVENTS = ('handshake', 'message', 'closed', 'joined', 'left')
# Characters that RFC 3986 does not allow in a path, and any stray "%".
_NOT_IN_PATH = re.compile(
    r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]")
_NOT_IN_QUERY = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%]")
_DEAD_LETTER = re.compile('[0-9a-z]{9}-[A-Za-z0-9_-]{22}')


class Error(Exception):
    """The base class of all errors of this module."""


class BadArgumentError(Error):
    """An argument has a value that is not allowed."""


class ConfigurationError(Error):
    """A setting is missing from the environment, or malformed."""


class VerificationError(Error):
    """A request is not a hook of the gateway for this URL and time."""


class GatewayError(Error):
    """The gateway refused a call, or gave no usable answer.

    `status` is the HTTP status, or None. `code` is the stable code of the
    problem, or empty.
    """

    def __init__(self, detail, status=None, code=''):
        super().__init__(detail)
        self.status = status
        self.code = code

    @property
    def may_pass(self):
        """Whether the same call may succeed later."""
        return self.status not in (400, 404, 413, 422)


def _field(name, doc):
    return property(lambda self: self._fields[name], doc=doc)


class Message:
    """A hook, made from the fields of its body.

    Every value is a str, except `groups`, which is a list of them.
    """

    socket = _field('from', 'The id of the socket.')
    body = _field('body', 'The text of a message. Empty in other hooks.')
    event = _field(
        'event', '"handshake", "message", "closed", "joined" or "left".')
    path = _field('path', 'The path the client connected to, escaped.')
    query = _field('query', "The client's own query.")
    user = _field('user', 'The user of the socket. May be empty.')
    state = _field('state', 'The state that an earlier answer set.')
    origin = _field('origin', "The client's Origin header.")
    code = _field('code', 'The close code, in a closed hook.')
    reason = _field('reason', 'The close reason, in a closed hook.')
    time = _field('time', 'When it happened, in milliseconds since 1970.')
    group = _field(
        'group', 'The group that a user came to or left. Else empty.')
    sequence = _field(
        'sequence', 'Of two "joined" or "left" hooks of a user and a group, '
        'the one with the larger number is the later. Else empty.')

    @property
    def groups(self):
        """The groups of the socket, in the order in which it joined."""
        return json.loads(self._fields['groups'] or '[]')

    _OPTIONAL = ('event', 'path', 'query', 'user', 'state', 'origin',
                 'groups', 'code', 'reason', 'time', 'group', 'sequence')

    def __init__(self, fields):
        self._fields = {name: fields.get(name, '') for name in self._OPTIONAL}
        self._fields.update({name: fields[name] for name in ('from', 'body')})


def create_websocket_url(success_path='', user=None, expires_in=3600,
                         groups=()):
    """Makes the URL with which a client can connect to a path.

    The path may have a query. A leading "/" is added, and characters that
    a URL can't contain are escaped; existing escapes stay. The URL contains
    a ticket, made without a call to the gateway, that fixes path and user
    for `expires_in` seconds. The client joins `groups` when the app accepts
    it. Without SOCKETHOOK_URL_KEY there is no ticket: the URL never expires,
    has no user and no groups, and clients can change its path.
    """
    path, query = _path_and_query(success_path)
    _check_user(user)
    groups = _read_groups(groups)
    if not isinstance(expires_in, int):
        raise TypeError('expires_in must be a number of seconds.')
    if not 1 <= expires_in <= _MOST_SECONDS_OF_A_TICKET:
        raise BadArgumentError('expires_in must be from 1 to %d seconds.'
                               % _MOST_SECONDS_OF_A_TICKET)
    key = _url_key()
    if key is not None:
        target = path + ('?' + query if query else '')
        claims = {'path': target, 'exp': int(time.time()) + expires_in}
        if user:
            claims['sub'] = user
        if groups:
            claims['groups'] = groups
        parameters = 'ticket=' + _jwt(claims, key)
    elif user or groups:
        raise ConfigurationError('SOCKETHOOK_URL_KEY must be set: '
                                 'only a ticket has a user or groups.')
    else:
        own = '&' + query if query else ''
        parameters = 'path=' + quote(path, safe='') + own
    url = _websocket_url() + '?' + parameters
    if len(url) > _MOST_CHARACTERS_OF_A_URL:
        raise BadArgumentError('the path makes a URL of more than %d '
                               'characters.' % _MOST_CHARACTERS_OF_A_URL)
    return url


def send_message(sockets, body, idempotency_key=None):
    """Sends a message to a socket, or to a list of sockets.

    Returns the outcome: `{'delivered': 1, 'queued': 0, 'gone': [ids],
    'failed': [{'socket': id, 'code': why}]}`. It is not an error if a
    socket has gone in the meantime.

    With an `idempotency_key`, a call that failed can be repeated for a day:
    nobody gets the message twice, and the outcome is that of the first call.
    """
    if isinstance(sockets, str):
        sockets = [sockets]
    if not isinstance(sockets, list):
        raise BadArgumentError(
            'first argument of the send_message method must be a list.')
    for socket in sockets:
        if not socket:
            raise BadArgumentError('must specify sockets.')
        _check_text(socket, 'a socket id')
    _check_text(body, 'the body')
    _check_key(idempotency_key)
    outcome = {'delivered': 0, 'queued': 0, 'gone': [], 'failed': []}
    for start in range(0, len(sockets), _MOST_SOCKETS_IN_A_CALL):
        part = _call('POST', '/send', {
            'sockets': sockets[start:start + _MOST_SOCKETS_IN_A_CALL],
            'body': body}, _key_of_part(idempotency_key, start))
        outcome = {name: outcome[name] + part[name] for name in outcome}
    return outcome


def broadcast_message(body, exclude=(), path=None, user=None, group=None,
                      idempotency_key=None):
    """Sends a message to every open socket, the sender's included.

    `exclude` is a socket, or several, to leave out. `path`, `user` and
    `group` select only the sockets of a path, a user or a group. Returns the
    outcome in numbers:
    `{'delivered': 9, 'queued': 0, 'gone': 0, 'failed': 0}`. A broadcast to
    more than 500 sockets goes on after the call, which returns its id:
    `{'broadcast': id}`. `idempotency_key` is that of `send_message`.
    """
    _check_text(body, 'the body')
    _check_key(idempotency_key)
    document = {'body': body}
    excluded = [exclude] if isinstance(exclude, str) else list(exclude)
    for socket in excluded:
        _check_text(socket, 'a socket id')
    if excluded:
        document['except'] = excluded
    for name, value in (('path', path), ('user', user), ('group', group)):
        if value is not None:
            _check_text(value, 'the ' + name)
            document[name] = value
    return _call('POST', '/broadcast', document, idempotency_key)


def _key_of_part(key, start):
    """The key of one of the calls that a long list takes."""
    if key is None or start == 0:
        return key
    return hashlib.sha256(f'{start} {key}'.encode()).hexdigest()


def close_socket(socket):
    """Closes a socket. Returns whether it was still open."""
    return _call_for_socket('DELETE', '', socket)


def join_group(group, socket):
    """Adds a socket to a group. Returns whether the socket is open."""
    return _call_for_socket('PUT', '/groups/-', socket, _group_query(group))


def leave_group(group, socket):
    """Takes a socket out of a group. Returns whether the socket is open."""
    return _call_for_socket('DELETE', '/groups/-', socket, _group_query(group))


def list_dead_letters(limit=None, cursor=None, body=False):
    """Lists the hooks that the gateway has given up, a page at a time.

    Returns `{'deadLetters': [letters], 'cursor': text}`. The cursor is there
    if there may be more. With `body`, each letter has what the client said.
    """
    query = {'limit': limit, 'cursor': cursor}
    if body:
        query['body'] = 'true'
    given = {name: value for name, value in query.items() if value is not None}
    rest = '?' + urlencode(given) if given else ''
    return _call('GET', '/dead-letters' + rest)


def get_dead_letter(dead_letter, body=False):
    """Returns a dead letter, or None if there is none with this id."""
    return _call_for_letter('GET', dead_letter, '?body=true' if body else '')


def replay_dead_letter(dead_letter):
    """Has the hook of a dead letter posted again, soon.

    Returns whether there was such a letter. It comes back, with the same id,
    if the app does not accept the hook this time either.
    """
    return _call_for_letter('POST', dead_letter, '/replay') is not None


def replay_dead_letters():
    """Has the hooks of all dead letters posted again, soon."""
    _call('POST', '/dead-letters/replay')


def delete_dead_letter(dead_letter):
    """Deletes a dead letter. Returns whether there was such a letter."""
    return _call_for_letter('DELETE', dead_letter) is not None


def _call_for_letter(method, dead_letter, rest=''):
    """The answer, True if it is empty, or None if there is no such letter."""
    _check_text(dead_letter, 'the id of a dead letter')
    if not _DEAD_LETTER.fullmatch(dead_letter):
        return None
    try:
        return _call(method, '/dead-letters/' + dead_letter + rest) or True
    except GatewayError as error:
        if error.code == 'unknown_dead_letter':
            return None
        raise


def _group_query(group):
    """The name in the query: in a path, some names would be taken apart."""
    _check_text(group, 'the group')
    return '?group=' + quote(group, safe='')


def _call_for_socket(method, prefix, socket, query=''):
    _check_text(socket, 'a socket id')
    if not socket:
        raise BadArgumentError('must specify a socket.')
    path = prefix + '/sockets/' + quote(socket, safe='') + query
    try:
        _call(method, path)
    except GatewayError as error:
        if error.code == 'unknown_socket':
            return False
        raise
    return True


def verify(headers, raw_body, request_path, base='/websocket'):
    """Returns the fields of a hook, or raises a VerificationError.

    A hook is signed as standardwebhooks.com specifies: over its id, its
    time and its raw body. The URL is not signed, so its path must match the
    body: `{base}/{event}{path}`, however a proxy has escaped it. `headers`
    is any mapping. `request_path` is the request target, with its original
    escapes.
    """
    given = {name.lower(): value for name, value in headers.items()}
    hook_id = given.get('webhook-id', '')
    timestamp = given.get('webhook-timestamp', '')
    if not hook_id or not re.fullmatch('[0-9]{1,12}', timestamp):
        raise VerificationError('The hook is not signed.')
    if abs(time.time() - int(timestamp)) > _TOLERANCE_SECONDS:
        raise VerificationError('The hook was not signed lately.')
    signed = f'{hook_id}.{timestamp}.'.encode('utf-8', 'replace') + raw_body
    digest = hmac.new(_signing_key(), signed, hashlib.sha256).digest()
    ours = b'v1,' + base64.b64encode(digest)
    signatures = given.get('webhook-signature', '').encode('utf-8', 'replace')
    if not any(hmac.compare_digest(ours, theirs)
               for theirs in signatures.split()):
        raise VerificationError('The hook is not signed by the gateway.')
    fields = _read_fields(raw_body, given.get('content-type', ''))
    event, path = fields.get('event', ''), fields.get('path', '')
    expected = f'{base.rstrip("/")}/{event}{path}'
    given_path = request_path.partition('?')[0]
    if event not in _EVENTS or _segments(given_path) != _segments(expected):
        raise VerificationError('The hook is signed for another URL.')
    return fields


def _segments(path):
    """The decoded segments. An escaped slash does not separate any."""
    return [unquote_to_bytes(segment) for segment in path.split('/')]


def check_environment():
    """Raises a ConfigurationError that lists everything that is wrong."""
    faults = []
    for read in (_api_url, _api_key, _signing_key, _websocket_url, _url_key):
        try:
            read()
        except ConfigurationError as error:
            faults.append(str(error))
    if faults:
        raise ConfigurationError('\n'.join(faults))


# Calls to the gateway.

class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Treats a redirect as an error: following it would leak the API key."""

    def redirect_request(self, *_):
        return None


_opener = urllib.request.build_opener(_NoRedirects)


def _call(method, path, document=None, idempotency_key=None):
    url = _api_url()
    headers = {'Authorization': 'Bearer ' + _api_key()}
    if idempotency_key is not None:
        headers['Idempotency-Key'] = idempotency_key
    data = None
    if document is not None:
        headers['Content-Type'] = 'application/json'
        data = json.dumps(document).encode()
    request = urllib.request.Request(
        url + path, data=data, headers=headers, method=method)
    try:
        with _opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
            content = response.read()
    except urllib.error.HTTPError as error:
        raise _refusal(error) from error
    except (OSError, http.client.HTTPException) as error:
        raise GatewayError(f'The gateway at {url} does not answer.') from error
    try:
        return json.loads(content or b'null')
    except ValueError as error:
        raise GatewayError(f'{url} does not answer as a gateway.') from error


def _refusal(error):
    """The error for a refusal, which may be a problem (RFC 9457)."""
    try:
        problem = json.loads(error.read())
        detail = problem.get('detail') or problem['title']
        return GatewayError(detail, error.code, problem.get('code', ''))
    except (OSError, http.client.HTTPException, ValueError, LookupError,
            AttributeError):
        return GatewayError(
            f'The gateway answered {error.code} {error.reason}.', error.code)


# The parts of a URL.

def _path_and_query(text):
    _check_text(text, 'a path')
    path, _, query = text.partition('?')
    path = path if path.startswith('/') else '/' + path
    path = _NOT_IN_PATH.sub(_escape, path)
    _check_path(path)
    return path, _NOT_IN_QUERY.sub(_escape, query)


def _escape(match):
    return quote(match.group(), safe='')


def _check_path(path):
    """Refuses what the gateway would refuse, but where the mistake is."""
    if len(path) > _MOST_BYTES_OF_A_PATH:
        raise BadArgumentError(
            'a path is at most %d bytes.' % _MOST_BYTES_OF_A_PATH)
    try:
        decoded = unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        raise BadArgumentError('the escapes of a path are UTF-8.') from None
    if _has_control(decoded) or '\\' in decoded:
        raise BadArgumentError(
            'a path has no control characters and no backslash.')
    # Some servers cut a segment at ";" before they resolve it.
    names = [part.partition(';')[0] for part in decoded[1:].split('/')]
    if decoded.endswith('/'):
        names.pop()
    if {'', '.', '..'}.intersection(names):
        raise BadArgumentError(
            'no segment of a path is empty (but the last), "." or "..".')


def _check_key(key):
    if key is None:
        return
    _check_text(key, 'the idempotency key')
    if not re.fullmatch('[!-~]([ -~]{0,%d}[!-~])?'
                        % (_MOST_CHARACTERS_OF_A_KEY - 2), key):
        raise BadArgumentError(
            'an idempotency key has 1 to %d printable ASCII characters, with '
            'no space at either end.' % _MOST_CHARACTERS_OF_A_KEY)


def _check_user(user):
    if user is None:
        return
    _check_text(user, 'a user')
    if _has_control(user):
        raise BadArgumentError('a user is printable text.')
    if len(user.encode()) > _MOST_BYTES_OF_A_USER:
        raise BadArgumentError(
            'a user is at most %d bytes.' % _MOST_BYTES_OF_A_USER)


def _read_groups(groups):
    if isinstance(groups, str):
        raise TypeError('groups must be a list of names.')
    names = list(dict.fromkeys(groups))
    for name in names:
        _check_text(name, 'a group')
        if not name or _has_control(name):
            raise BadArgumentError('a group is printable text, not empty.')
        if len(name.encode()) > _MOST_BYTES_OF_A_GROUP:
            raise BadArgumentError(
                'a group is at most %d bytes.' % _MOST_BYTES_OF_A_GROUP)
    size = sum(len(name.encode()) for name in names)
    if len(names) > _MOST_GROUPS or size > _MOST_BYTES_OF_GROUPS:
        raise BadArgumentError(
            'a socket is in at most %d groups, whose names have at most %d '
            'bytes together.' % (_MOST_GROUPS, _MOST_BYTES_OF_GROUPS))
    return names


def _jwt(claims, key):
    """A JSON Web Token (RFC 7519), signed with HS256."""
    parts = [_base64url(json.dumps(part, separators=(',', ':')).encode())
             for part in ({'alg': 'HS256', 'typ': 'JWT'}, claims)]
    signature = hmac.new(key, '.'.join(parts).encode(), hashlib.sha256)
    return '.'.join(parts + [_base64url(signature.digest())])


def _base64url(content):
    return base64.urlsafe_b64encode(content).rstrip(b'=').decode()


# Reading texts, bodies and settings.

def _check_text(value, name):
    if not isinstance(value, str):
        raise TypeError(f'{name} must be a str, not {type(value).__name__}.')
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadArgumentError(
            f'{name} must be well-formed Unicode.') from None


def _has_control(text):
    return re.search(r'[\x00-\x1f\x7f-\x9f]', text) is not None


def _read_fields(raw_body, content_type):
    """The fields of a body: a form, or JSON if the gateway posts that."""
    try:
        text = raw_body.decode()
        if content_type.startswith('application/json'):
            # `groups` is a list here, and a list as text in a form.
            return {name: value if isinstance(value, str)
                    else json.dumps(value, ensure_ascii=False)
                    for name, value in json.loads(text).items()}
        return dict(parse_qsl(text, keep_blank_values=True))
    except (ValueError, AttributeError):
        raise VerificationError('The body is not that of a hook.') from None


def _setting(name):
    value = os.environ.get(name, '').strip()
    if not value:
        raise ConfigurationError(f'{name} must be set.')
    return value


def _api_url():
    url = _setting('SOCKETHOOK_API_URL')
    if not re.fullmatch(r'https?://[^?#\s]+', url):
        raise ConfigurationError(
            'SOCKETHOOK_API_URL must be an http or https URL.')
    return url.rstrip('/')


def _api_key():
    return _setting('SOCKETHOOK_API_KEY')


def _websocket_url():
    url = _setting('SOCKETHOOK_WEBSOCKET_URL')
    if not re.fullmatch(r'wss?://[^?#\s]+', url):
        raise ConfigurationError(
            'SOCKETHOOK_WEBSOCKET_URL must be a ws or wss URL, no query.')
    # Proxies need the slash. API Gateway's URLs end with the stage.
    return url if re.search(r'/$|[./]execute-api[./]', url) else url + '/'


def _signing_key():
    secret = _setting('SOCKETHOOK_WEBHOOK_SECRET')
    text = secret[len('whsec_'):] if secret.startswith('whsec_') else secret
    try:
        key = base64.b64decode(text + '=' * (-len(text) % 4), validate=True)
    except ValueError:
        key = b''
    if not 24 <= len(key) <= 64:
        raise ConfigurationError('SOCKETHOOK_WEBHOOK_SECRET must be "whsec_" '
                                 'followed by base64 of 24 to 64 bytes.')
    return key


def _url_key():
    """The key that signs tickets, or None."""
    key = os.environ.get('SOCKETHOOK_URL_KEY', '').strip().encode()
    if key and len(key) < 32:
        raise ConfigurationError(
            'SOCKETHOOK_URL_KEY must be at least 32 characters.')
    return key or None
