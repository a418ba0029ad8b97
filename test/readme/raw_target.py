"""Serves the WSGI app of the page as servers do that keep the request target in the environment."""

import os
from wsgiref.simple_server import WSGIRequestHandler, make_server

from wsgi import Server, application


class Handler(WSGIRequestHandler):
    def get_environ(self):
        return {**super().get_environ(), os.environ["TARGET_NAME"]: self.path}


server = make_server("127.0.0.1", int(os.environ["PORT"]), application, Server, Handler)
print("listening", flush=True)
server.serve_forever()
