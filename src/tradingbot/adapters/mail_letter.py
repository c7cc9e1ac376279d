"""A letter as it travels: its headers, its two parts, its picture."""

from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from tradingbot.adapters.mail_page import Extras, html_page, text_page
from tradingbot.kit import ids
from tradingbot.notifications.mail_server import Sender
from tradingbot.notifications.ports import Message

SUBJECT_CHARACTERS_MAX = 120


def letter(
    message: Message,
    by: Sender,
    now: datetime,
    extras: Extras | None = None,
    picture: bytes | None = None,
) -> EmailMessage:
    """Raise ValueError for an address no letter can go to."""
    extras = extras or Extras()
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(by.name, addr_spec=by.address)
    mail["To"] = Address(addr_spec=message.address)
    mail["Subject"] = _subject(message)
    mail["Date"] = format_datetime(now)
    # The same again when it is sent again: a mailbox shows it once.
    mail["Message-ID"] = f"<{_name(message.delivery_ids, message.address)}@{by.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if extras.unsubscribe:
        mail["List-Unsubscribe"] = f"<{extras.unsubscribe}>"
        if extras.unsubscribe.startswith("https://"):  # RFC 8058 knows no other
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(text_page(message, extras), cte="quoted-printable")
    mail.add_alternative(html_page(message, extras), subtype="html", cte="quoted-printable")
    if picture is not None:
        page = mail.get_payload()[1]  # type: ignore[index]  # two parts, just added
        assert isinstance(page, EmailMessage)
        page.add_related(picture, "image", "png", cid=f"<{extras.picture}>", disposition="inline")
    return mail


def _subject(message: Message) -> str:
    first = message.facts[0][1] if message.facts and message.delivery_ids else ""
    line = f"{message.title} · {first}" if first else message.title
    # A name must not bring headers of its own.
    line = " ".join("".join(c if c.isprintable() else " " for c in line).split())
    return line if len(line) <= SUBJECT_CHARACTERS_MAX else f"{line[: SUBJECT_CHARACTERS_MAX - 1]}…"


def _name(delivery_ids: Sequence[int], address: str) -> str:
    if not delivery_ids:
        return ids.new_uid()
    return ids.name_of("letter", address, *sorted(delivery_ids))
