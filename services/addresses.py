"""Addresses of services: whether they are on this machine or in a private network."""

import ipaddress
from urllib.parse import urlsplit

_PRIVATE_SUFFIXES = (".local", ".localhost", ".internal", ".lan", ".home.arpa")


def is_private_address(url: str) -> bool:
    """Whether a URL names this machine or a host of a private network.

    Names are not resolved: those without a dot are hosts of a local network, such as of Compose.
    """
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_PRIVATE_SUFFIXES)
