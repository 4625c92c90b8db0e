"""The configurations of Tests/Fixtures/configs, with their names mapped to servers of a test."""

import contextlib
import pathlib
import re
import ssl

from .client import Client
from .gateway import IS_CADDY, ROOT
from .ports import free_port
from .waiting import wait_until

CONFIGS = ROOT / "Tests/Fixtures/configs"

#: bcrypt of "secret", cost 4, so that tests are quick.
PASSWORD = "secret"
HASH_PLACEHOLDER = "$2a$14$HASH_FROM_CADDY_HASH_PASSWORD"


def read(name):
    return (CONFIGS / name).read_text()


def replaced(text, replacements):
    """Replaces every key, which must occur."""
    for old, new in replacements.items():
        assert old in text, f"{old!r} is not in the configuration"
        text = text.replace(old, new)
    return text


def with_ports(text):
    """Moves the standard ports to free ones by global options; returns the text and both ports.

    Caddy, as a stand-in, is told to use its internal authority; the gateway does so by itself.
    """
    http, https = free_port(), free_port()
    options = f"\thttp_port {http}\n\thttps_port {https}\n\tadmin off\n\tskip_install_trust\n"
    options += "\tlocal_certs\n" if IS_CADDY else ""
    if re.match(r"\s*\{", text):
        return text.replace("{", "{\n" + options, 1), http, https
    return f"{{\n{options}}}\n\n{text}", http, https


def internal_root(gateway):
    """Waits for the root certificate of the gateway's internal authority; returns its path."""

    def found():
        roots = list(pathlib.Path(gateway.folder, "data").glob("**/root.crt"))
        return roots[0] if roots else None

    return wait_until(found, 10, "a root certificate in the data directory")


def internal_trust(gateway, port, name):
    """A client context that trusts the gateway's internal authority and nothing else.

    An open port has its certificate, except with Caddy, which issues it a little later.
    """

    def shakes_hands():
        with contextlib.suppress(OSError):
            Client(port, tls=context, server_name=name).close()
            return True

    context = trust(internal_root(gateway))
    if IS_CADDY:
        wait_until(shakes_hands, 10, f"a certificate for {name}")
    return context


def trust(path):
    """A client context that trusts one root and nothing else."""
    return ssl.create_default_context(cafile=str(path))
