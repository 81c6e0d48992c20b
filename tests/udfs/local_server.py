"""A web server on 127.0.0.1 for as long as a test needs it."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def serving_on_localhost(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[int]:
    """Serve with `handler`, each request in a thread; gives the port. Requests that are still being answered at the end
    are left alone: handlers that hang, clients that keep connections open."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
