"""Free TCP ports below the range that the system hands out for outgoing connections."""

import random
import socket

_given = set()


def free_port():
    """A port that nothing listens on and that this test run has not handed out before."""
    while True:
        port = random.randint(20000, 32000)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
        _given.add(port)
        return port
