"""A line to the mail server: opened when there is something to send, kept while there is more."""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from email.message import EmailMessage

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from tradingbot.notifications.errors import CannotDeliver, Later
from tradingbot.notifications.mail_server import MailServer

TIMEOUT_SECONDS = 10.0
# Servers end a silent connection after some minutes, and some count those that stay.
IDLE_SECONDS = 20.0
# What only the operator can put right is tried again at this pace.
OPERATOR_SECONDS = 300.0
AWAY_SECONDS = 60.0
STARTTLS = {"offered": None, "required": True, "never": False}


class SmtpLine:
    """One connection, one letter at a time. `tls`: whom to trust, if not whom the system does."""

    def __init__(self, server: MailServer, tls: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._tls = tls
        self._lock = asyncio.Lock()
        self._smtp: SMTP | None = None
        self._used = 0.0

    async def send(self, letter: EmailMessage, sender: str, recipient: str) -> str:
        """The server's words. Raises CannotDeliver, Later, and what aiosmtplib calls temporary."""
        async with self._lock:
            try:
                smtp = await self._connected()
                _, words = await smtp.send_message(letter, sender=sender, recipients=[recipient])
            except (SMTPException, OSError) as error:
                if not isinstance(error, SMTPResponseException | SMTPRecipientsRefused):
                    await self._hang_up()
                raise _meaning(error) from None
            except asyncio.CancelledError:
                await self._hang_up()  # it stopped in the middle of a letter
                raise
            self._used = asyncio.get_running_loop().time()
            return words

    async def check(self) -> None:
        """Raises Later when the server is away or lets us in no more."""
        async with self._lock:
            try:
                await self._connected()
            except (SMTPException, OSError) as error:
                await self._hang_up()
                raise _meaning(error) from None

    async def hang_up_when_idle(self) -> None:
        """Call it now and then."""
        if self._smtp is not None and not self._lock.locked() and not self._is_fresh():
            async with self._lock:
                await self._quit()

    async def aclose(self) -> None:
        async with self._lock:
            await self._quit()

    def _is_fresh(self) -> bool:
        return asyncio.get_running_loop().time() - self._used < IDLE_SECONDS

    async def _connected(self) -> SMTP:
        if self._smtp is not None and self._smtp.is_connected and self._is_fresh():
            return self._smtp
        await self._quit()
        server = self._server
        smtp = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.tls,
            start_tls=False if server.tls else STARTTLS[server.starttls],
            validate_certs=server.verify,
            tls_context=self._tls,
            timeout=TIMEOUT_SECONDS,
        )
        self._smtp = smtp
        await smtp.connect()
        self._used = asyncio.get_running_loop().time()
        return smtp

    async def _quit(self) -> None:
        smtp = self._smtp
        if smtp is not None and smtp.is_connected:
            with suppress(SMTPException, OSError):
                await smtp.quit(timeout=1)
        await self._hang_up()

    async def _hang_up(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()


def _meaning(error: Exception) -> Exception:
    """What it is to a courier. No words of ours hold the user or the password."""
    found: Exception
    match error:
        case SMTPAuthenticationError():
            why = f"the mail server refuses the user or password of SMTP_URL: {error.message}"
            found = Later(OPERATOR_SECONDS, why)
        case SMTPRecipientsRefused():
            found = _refused(error.recipients)
        case SMTPSenderRefused():
            found = Later(OPERATOR_SECONDS, f"MAIL_FROM is refused: {error.code} {error.message}")
        case SMTPDataError() if error.code >= 500:
            found = CannotDeliver(f"{error.code} {error.message}")
        case SMTPConnectError() | SMTPServerDisconnected() | SMTPTimeoutError() | OSError():
            found = Later(AWAY_SECONDS, f"the mail server cannot be reached: {error}")
        case SMTPResponseException():
            found = error
        case _:
            # Without STARTTLS or AUTH there; an address in letters the server does not know.
            found = Later(OPERATOR_SECONDS, f"the mail server cannot do it: {error}")
    return found


def _refused(recipients: Sequence[SMTPRecipientRefused]) -> Exception:
    first = recipients[0]
    if first.code < 500:
        return first
    return CannotDeliver(f"{first.code} {first.message}", gone=is_gone(first.code, first.message))


def is_gone(code: int, words: str) -> bool:
    """Whether the mailbox is unknown, and not just this letter unwelcome (RFC 3463)."""
    enhanced = words.split(maxsplit=1)[0] if words else ""
    if enhanced.startswith("5.") and enhanced.count(".") == 2:
        return enhanced.startswith("5.1.") or enhanced == "5.2.1"
    return code in {550, 551, 553}
