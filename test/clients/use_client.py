"""Calls a gateway with the client that openapi-python-client generates.

The socket of the argument is sent to, listed and closed; what came of each
call goes to standard output.
"""

import importlib
import json
import os
import pkgutil
import sys

import client

for module in pkgutil.walk_packages(client.__path__, 'client.'):
    importlib.import_module(module.name)

from client import models
from client.api.gateway import get_health
from client.api.groups import (
    get_group, join_group, leave_group, list_group, list_group_users)
from client.api.sending import broadcast_message, send_message
from client.api.sockets import (
    close_socket, create_web_socket_url, get_socket, list_sockets)

socket = sys.argv[1]
url = os.environ['SOCKETHOOK_API_URL']
api = client.AuthenticatedClient(
    base_url=url, token=os.environ['SOCKETHOOK_API_KEY'],
    raise_on_unexpected_status=True)
stranger = client.AuthenticatedClient(
    base_url=url, token='nobody', raise_on_unexpected_status=True)

joined = join_group.sync_detailed(
    '-', socket, client=api, group_query='room/1 ?')
also_joined = join_group.sync_detailed('room:1', socket, client=api)
answers = {
    'group': get_group.sync('-', client=api, group_query='room/1 ?'),
    'group_sockets': list_group.sync(
        '-', client=api, group_query='room/1 ?', limit=1),
    'group_users': list_group_users.sync('room:1', client=api),
    'in_group': list_sockets.sync(client=api, group='room/1 ?'),
    'no_group': get_group.sync('room:1', client=api, group_query='x'),
    'room': broadcast_message.sync(
        client=api, body=models.Broadcast(body='room', group='room:1')),
    'group_url': create_web_socket_url.sync(
        client=api, body=models.UrlRequest(path='/', groups=['room:1'])),
    'no_socket': join_group.sync('room:1', 'nobody', client=api),
    'health': get_health.sync(client=client.Client(base_url=url)),
    'send': send_message.sync(
        client=api, body=models.Send(sockets=[socket, 'nobody'], body='sent')),
    'one': send_message.sync(
        client=api, body=models.Send(sockets=socket, body='sent to one')),
    'keyed': send_message.sync(
        client=api, body=models.Send(sockets=socket, body='once'),
        idempotency_key='key'),
    'repeated': send_message.sync(
        client=api, body=models.Send(sockets=socket, body='once'),
        idempotency_key='key'),
    'reused': send_message.sync(
        client=api, body=models.Send(sockets=socket, body='other'),
        idempotency_key='key'),
    'broadcast': broadcast_message.sync(
        client=api, body=models.Broadcast(
            body='broadcast', path='/room/1', except_=['nobody'])),
    'urls': create_web_socket_url.sync(
        client=api, body=models.UrlRequest(path='/room/1?seat=7')),
    'sockets': list_sockets.sync(client=api, path='/room/1'),
    'socket': get_socket.sync(socket, client=api),
    'bad': send_message.sync(
        client=api, body=models.Send(sockets=[], body='x')),
    'large': broadcast_message.sync(
        client=api, body=models.Broadcast(body='x' * 131073)),
    'stranger': send_message.sync(
        client=stranger, body=models.Send(sockets='a', body='x')),
    'unknown': get_socket.sync('nobody', client=api),
}
assert isinstance(answers['send'], models.SendOutcome)
assert isinstance(answers['bad'], models.BadBodyProblem)
assert answers['bad'].code == 'invalid_field'
assert isinstance(answers['reused'], models.KeyReusedProblem)
for number in range(48):
    join_group.sync_detailed('g%d' % number, socket, client=api)
answers['too_many'] = join_group.sync('g48', socket, client=api)
assert isinstance(answers['too_many'], models.TooManyGroupsProblem)
left = leave_group.sync_detailed('room:1', socket, client=api)
closed = close_socket.sync_detailed(socket, client=api)
written = {name: answer.to_dict() for name, answer in answers.items()}
statuses = {
    'joined': joined.status_code, 'also_joined': also_joined.status_code,
    'left': left.status_code, 'closed': closed.status_code}
print(json.dumps({**written, **statuses}))
