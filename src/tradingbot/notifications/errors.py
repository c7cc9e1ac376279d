"""What can go wrong in telling people."""

from tradingbot.kit.errors import Conflict, Invalid, NotFound
from tradingbot.users.errors import TooManyAttempts


class SettingsInvalid(Invalid):
    code = "settings_invalid"


class AddressRefused(Invalid):
    """A web address on a private network, or none at all."""

    code = "address_refused"


class ChannelNotSetUp(Invalid):
    """`field` names what is missing in the settings."""

    code = "channel_not_set_up"


class ChannelNotOffered(Conflict):
    """The operator has not set it up."""

    code = "channel_not_offered"


class NotificationNotFound(NotFound):
    code = "notification_not_found"


class NothingToResend(Conflict):
    code = "nothing_to_resend"


class LinkInvalid(Invalid):
    """Not complete, over, or of somebody else."""

    code = "link_invalid"


class CodeWrong(Invalid):
    """Or it is over, or was tried too often."""

    code = "code_wrong"


class TooManyLetters(TooManyAttempts):
    code = "too_many_letters"


class CannotDeliver(Exception):  # noqa: N818  # errors are named after what is the case
    """It will never arrive, however often it is tried.

    `gone`: nothing will at this address, a blocked chat or a mailbox nobody knows: the channel is
    switched off for its user, with `why` as the note.
    """

    def __init__(self, why: str, *, gone: bool = False) -> None:
        super().__init__(why)
        self.gone = gone


class Later(Exception):  # noqa: N818  # errors are named after what is the case
    """The channel says how long to wait, in seconds."""

    def __init__(self, seconds: float, why: str) -> None:
        super().__init__(why)
        self.seconds = seconds
