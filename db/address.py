"""Addresses of databases, as libpq and hosters of PostgreSQL write them, for our driver.

The parameters: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from db.errors import AddressInvalid

_DRIVER = "postgresql+asyncpg"
_SCHEME = re.compile(r"\A\s{0,9}(postgres|postgresql)(\+\w{1,20})?://", re.IGNORECASE)
# Several hosts: `a:5432,b:5433`; an IPv6 address is in brackets.
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[^:\[\]]*)(?::(?P<port>\d{1,5}))?")
_SSL_MODES = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
_SSL_VALUES = {"true": "require", "1": "require", "no-verify": "require", "false": "disable"}
_DEFAULT_PORT = "5432"
_TRANSLATED = (
    *("application_name", "connect_timeout", "options", "passfile", "sslnegotiation"),
    "target_session_attrs",
)
_TLS = (
    *("ssl", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword"),
    *("ssl_min_protocol_version", "ssl_max_protocol_version"),
)

# What is true of our driver anyway, is about its own sockets, or is meant for other programs
# (Prisma, node-postgres, Supabase's pooler).
_IGNORED = frozenset(
    {
        *("channel_binding", "client_encoding", "fallback_application_name", "gssdelegation"),
        *("gssencmode", "keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval"),
        *("krbsrvname", "load_balance_hosts", "replication", "require_auth", "requirepeer"),
        *("sslcompression", "sslcrl", "sslcrldir", "sslsni", "tcp_user_timeout", "gsslib"),
        *("connection_limit", "pool_timeout", "pgbouncer", "socket_timeout", "sslaccept", "supa"),
        *("statement_cache_size", "pool_max_conns", "max_idle_connection_lifetime", "workaround"),
        *("sslidentity", "sslpassword_provider", "single_use_connections", "uselibpqcompat"),
    }
)


@dataclass(frozen=True, kw_only=True)
class Address:
    """An address for our driver: a URL, and arguments of `asyncpg.connect`."""

    url: URL
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    schema: str | None = None

    @property
    def shown(self) -> str:
        """Return the address without its password."""
        return self.url.set(drivername="postgresql", query={}).render_as_string()


def parse_address(text: str) -> Address:
    """Parse the address of a PostgreSQL database.

    Raises:
        AddressInvalid: It is malformed, or has a parameter that is not known.
    """
    match = _SCHEME.match(text)
    if match is None:
        raise AddressInvalid("it must begin with postgresql://")
    rest, _, query = text[match.end() :].strip().partition("?")
    authority, slash, database = rest.partition("/")
    credentials, at, hosts = authority.rpartition("@")
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    hosts = parameters.pop("hostaddr", "") or parameters.pop("host", "") or unquote(hosts)
    pairs = _hosts(hosts, parameters.pop("port", ""))
    try:
        url = make_url(f"{_DRIVER}://{credentials}{at}{slash}{database}")
    except (ArgumentError, ValueError) as error:
        raise AddressInvalid("it is not an address that I can read") from error
    url = url.set(
        username=parameters.pop("user", None) or url.username,
        password=parameters.pop("password", None) or url.password,
        database=parameters.pop("dbname", None) or url.database,
    )
    if len(pairs) == 1 and not pairs[0][0].startswith("/"):
        url = url.set(host=pairs[0][0].strip("[]"), port=int(pairs[0][1]))
    elif pairs:
        url = url.set(query={"host": tuple(f"{host}:{port}" for host, port in pairs)})
        if pairs[0][0].startswith("/"):
            url = url.set(query={"host": pairs[0][0], "port": pairs[0][1]})
    schema = parameters.pop("schema", None)
    return Address(url=url, arguments=_arguments(parameters), schema=schema)


def _hosts(hosts: str, ports: str) -> list[tuple[str, str]]:
    """Return the hosts with their ports."""
    if not hosts:
        return []
    defaults = ports.split(",") if ports else []
    pairs: list[tuple[str, str]] = []
    for number, each in enumerate(hosts.split(",")):
        if each.startswith("/"):
            host, port = each, None
        else:
            match = _HOST.fullmatch(each.strip())
            if match is None:
                raise AddressInvalid(f"the host {each!r} cannot be read")
            host, port = match["host"] or "localhost", match["port"]
        default = defaults[min(number, len(defaults) - 1)] if defaults else ""
        port = port or default or _DEFAULT_PORT
        if not port.isdecimal() or not 0 < int(port) < 2**16:
            raise AddressInvalid(f"{port!r} is no port")
        pairs.append((host, port))
    return pairs


def _arguments(parameters: dict[str, str]) -> dict[str, Any]:
    """Return the arguments of `asyncpg.connect` for parameters of libpq."""
    taken = {name: parameters.pop(name, "") for name in _TRANSLATED}
    # The server parses `options`.
    settings = {name: taken[name] for name in ("application_name", "options") if taken[name]}
    arguments: dict[str, Any] = {
        "timeout": _seconds(taken["connect_timeout"]),
        "target_session_attrs": taken["target_session_attrs"],
        "passfile": taken["passfile"],
        "direct_tls": taken["sslnegotiation"] == "direct",
        "ssl": _tls(parameters),
        "server_settings": settings,
    }
    if unknown := sorted(set(parameters) - _IGNORED):
        raise AddressInvalid(f"the parameter {unknown[0]!r} is not known")
    return {name: value for name, value in arguments.items() if value}


def _seconds(text: str) -> float | None:
    """Return a timeout as libpq reads it: at least 2 s, and none for 0."""
    try:
        seconds = float(text or 0)
    except ValueError as error:
        raise AddressInvalid(f"connect_timeout: {text!r} is no number of seconds") from error
    return max(seconds, 2) if seconds > 0 else None


def _tls(parameters: dict[str, str]) -> str | ssl.SSLContext | None:
    """Return how a connection is encrypted: a mode, or a context with certificates."""
    taken = {name: parameters.pop(name, "") for name in _TLS}
    mode = _tls_mode(taken["sslmode"], taken["ssl"].lower(), taken["sslrootcert"])
    is_verified = mode in ("verify-ca", "verify-full")
    minimum = taken["ssl_min_protocol_version"]
    if not (is_verified or taken["sslcert"] or minimum) or mode == "disable":
        return mode
    root = taken["sslrootcert"] if taken["sslrootcert"] != "system" else ""
    try:
        context = ssl.create_default_context(cafile=root or None)
        context.check_hostname = mode == "verify-full"
        context.verify_mode = ssl.CERT_REQUIRED if is_verified else ssl.CERT_NONE
        if taken["sslcert"]:
            context.load_cert_chain(
                taken["sslcert"], taken["sslkey"] or None, taken["sslpassword"] or None
            )
        if minimum:
            context.minimum_version = ssl.TLSVersion[minimum.replace(".", "_")]
    except (OSError, KeyError) as error:
        raise AddressInvalid(f"the certificates cannot be used: {error}") from error
    return context


def _tls_mode(mode: str, short: str, root: str) -> str | None:
    """Return libpq's mode; `short` is `ssl` as other programs write it."""
    mode = mode or _SSL_VALUES.get(short, short)
    if mode and mode not in _SSL_MODES:
        raise AddressInvalid(f"sslmode: {mode!r} is not one of {', '.join(sorted(_SSL_MODES))}")
    if root == "system":
        return "verify-full"
    if root and mode in ("", "prefer", "allow", "require"):
        return "verify-ca"
    return mode or None
