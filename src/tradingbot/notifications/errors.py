"""What can go wrong in telling people."""

from tradingbot.kit.errors import Invalid


class SettingsInvalid(Invalid):
    code = "settings_invalid"


class CannotDeliver(Exception):  # noqa: N818  # errors are named after what is the case
    """It will never arrive, however often it is tried: an address that is gone, a blocked chat."""
