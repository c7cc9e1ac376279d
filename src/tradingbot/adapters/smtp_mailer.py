"""Messages by e-mail: with the picture of the day's summary, and a way out in each."""

from collections.abc import Callable
from email.errors import MessageError

from tradingbot.adapters.equity_picture import picture
from tradingbot.adapters.mail_letter import letter
from tradingbot.adapters.mail_page import Extras
from tradingbot.adapters.smtp_line import SmtpLine
from tradingbot.events.schemas import EventType
from tradingbot.kit.clock import Clock
from tradingbot.notifications.confirmation import CONFIRMATION
from tradingbot.notifications.curve import Curve, curve_of
from tradingbot.notifications.errors import CannotDeliver
from tradingbot.notifications.figures import gain
from tradingbot.notifications.mail_server import Sender
from tradingbot.notifications.mail_words import MAIL_WORDS
from tradingbot.notifications.messages import LANGUAGES
from tradingbot.notifications.ports import Message, Receipt

PICTURE = "curve@tradingbot"
# Where a person at this address says: no more. A user's number, an address.
WayOut = Callable[[int, str], str]


class SmtpMailer:
    name = "email"

    def __init__(self, line: SmtpLine, sender: Sender, clock: Clock, way_out: WayOut) -> None:
        self._line = line
        self._sender = sender
        self._clock = clock
        self._way_out = way_out

    async def send(self, message: Message) -> Receipt:
        """Raises CannotDeliver, Later, and what the server calls temporary."""
        curve = None
        if message.event_type == EventType.DAILY_SUMMARY:
            curve = curve_of(message.data)
        try:
            mail = letter(
                message,
                self._sender,
                self._clock.now(),
                self._extras(message, curve),
                self._picture(message, curve) if curve else None,
            )
        except (ValueError, IndexError, MessageError):  # the standard library's parser knows all
            raise CannotDeliver("no letter can go to this address", gone=True) from None
        words = await self._line.send(mail, self._sender.address, message.address)
        return Receipt(reference=mail["Message-ID"], words=words)

    def _picture(self, message: Message, curve: Curve) -> bytes:
        return picture(
            curve.days, curve.values, gain(curve.values[-1], LANGUAGES[message.language])
        )

    def _extras(self, message: Message, curve: Curve | None) -> Extras:
        if message.event_type == CONFIRMATION:
            return Extras(button=str(message.data.get("link", "")))
        way_out = self._way_out(message.user_id, message.address)
        if curve is None:
            return Extras(unsubscribe=way_out)
        words = MAIL_WORDS[message.language].curve.format(days=len(curve.values))
        currency = f", {curve.currency}" if curve.currency else ""
        return Extras(unsubscribe=way_out, picture=PICTURE, picture_words=f"{words}{currency}")
