"""Addresses of services: whether they are on this machine or in a private network."""

import asyncio
import ipaddress
import socket
from urllib.parse import urlsplit

# IPv4 within IPv6 (RFC 6052), which a gateway may lead back into a private network.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
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


async def public_address(host: str, port: int) -> str:
    """Return an address of a host, if all that its name stands for are public.

    Raises:
        OSError: It has no address, or a private one.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    if not addresses or not all(map(_is_public, addresses)):
        raise OSError(f"{host} is not a public host")
    return addresses[0]


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is not None:
            return _is_public(str(inner))
        if address in _NAT64:
            return _is_public(str(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)))
    return address.is_global and not address.is_multicast
