"""The operator's mail server, as SMTP_URL names it, and who its letters are from."""

from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Literal, cast
from urllib.parse import parse_qsl, unquote, urlsplit

Starttls = Literal["offered", "required", "never"]
CHOICES: dict[str, frozenset[str]] = {
    "starttls": frozenset({"offered", "required", "never"}),
    "verify": frozenset({"yes", "no"}),
}
LOOKS = "must look like smtp://user:password@host:587 or smtps://user:password@host:465"


@dataclass(frozen=True, slots=True)
class MailServer:
    """`tls`: from the first byte. `verify`: its certificate must be right."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    starttls: Starttls = "offered"
    verify: bool = True


@dataclass(frozen=True, slots=True)
class Sender:
    """`name` may be empty."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def sender(mail_from: str) -> Sender:
    """From "Name <address>" or a bare address. Raises ValueError."""
    name, address = parseaddr(mail_from)
    try:
        Address(addr_spec=address)
    except (ValueError, IndexError, MessageError):  # the standard library's parser knows them all
        raise ValueError("must look like Trading Bots <bots@example.com>") from None
    return Sender(name, address)


def mail_server(url: str) -> MailServer:
    """Raise ValueError, which says what would do and shows nothing of the URL.

    A password goes out encrypted, or to this very machine, unless `?starttls=never` is said.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:  # whose words may hold a password with a letter that ends it
        raise ValueError(f"{LOOKS}; @ : / ? # in the password are %40 %3A %2F %3F %23") from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError(LOOKS)
    options = _options(parts.query)
    tls = parts.scheme == "smtps"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    secret = bool(user) and not _is_here(parts.hostname)
    starttls = options.get("starttls", "required" if secret else "offered")
    return MailServer(
        host=parts.hostname,
        port=port or (465 if tls else 587 if user else 25),
        user=user,
        password=password,
        tls=tls,
        starttls=cast("Starttls", starttls),
        verify=options.get("verify", "yes") == "yes",
    )


def _options(query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name, value in options.items():
        if name not in CHOICES:
            raise ValueError(f"has only the options {' and '.join(CHOICES)}")
        if value not in CHOICES[name]:
            raise ValueError(f"{name} must be one of {', '.join(sorted(CHOICES[name]))}")
    return options


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def sender_of(mail_from: str, server: MailServer) -> Sender:
    """Without MAIL_FROM: the user of the server, or tradingbot at its host."""
    if mail_from:
        return sender(mail_from)
    address = server.user if "@" in server.user else f"tradingbot@{server.host}"
    return Sender("Trading Bot System", address)
