"""Messages to people as lines in the operator's log."""

from tradingbot.kit.log import logger
from tradingbot.notifications.ports import Message, Receipt

log = logger(__name__)


class ConsoleChannel:
    name = "console"

    async def send(self, message: Message) -> Receipt:
        log.info(message.text, user_id=message.user_id, told=message.event_type)
        return Receipt(words="it is in the log")
