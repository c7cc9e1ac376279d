"""A real SMTP server that keeps what it gets, and refuses what it is told to."""

import asyncio
import email
import email.policy
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from random import Random
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PUT_OFF = ("451 4.3.0 try again later", "421 4.3.2 going down for a moment")
USER, PASSWORD = "bots@example.com", "a password: nobody/sees@it"


@dataclass
class MailHost:
    port: int = 0
    got: list[EmailMessage] = field(default_factory=list)
    lines: int = 0
    encrypted: list[bool] = field(default_factory=list)
    # By command: what it answers instead of taking it.
    answers: dict[str, str] = field(default_factory=dict)
    # So much of all letters is put off, by chance.
    refusing: float = 0.0
    chance: Random = field(default_factory=lambda: Random(7))
    refused: int = 0

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name for it
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: Any
    ) -> Any:
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802  # aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "MAIL" in self.answers:
            return self.answers["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802  # aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  # aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if "DATA" in self.answers:
            return self.answers["DATA"]
        if self.chance.random() < self.refusing:
            self.refused += 1
            return self.chance.choice(PUT_OFF)
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.got.append(mail)
        self.encrypted.append(session.ssl is not None)
        return "250 2.0.0 kept as 42"


def _allow(*asked: Any) -> AuthResult:
    data = asked[-1]
    assert isinstance(data, LoginPassword)
    ok = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=ok, handled=False)


@asynccontextmanager
async def mail_host(
    tls: ssl.SSLContext | None = None, *, auth: bool = False, tls_first: bool = False
) -> AsyncIterator[MailHost]:
    """`tls`: STARTTLS is offered with it; `tls_first`: the line begins with it."""
    host = MailHost()

    def line() -> SMTP:
        host.lines += 1
        with warnings.catch_warnings():
            # That a password may come unencrypted is for the client to see to, and tested.
            warnings.simplefilter("ignore")
            return SMTP(
                host,
                tls_context=None if tls_first else tls,
                authenticator=_allow if auth else None,
                auth_required=auth,
                auth_require_tls=False,
            )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(line, "127.0.0.1", 0, ssl=tls if tls_first else None)
    host.port = server.sockets[0].getsockname()[1]
    try:
        yield host
    finally:
        server.close()


def certificate(directory: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """For 127.0.0.1: the server's, and that of a client who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    now = datetime.now(UTC)  # noqa: TID251  # OpenSSL asks the system's clock
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = directory / "mail.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))
