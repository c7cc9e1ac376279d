"""What can go wrong with an exchange or an account on it, by name."""

from tradingbot.kit.errors import Conflict, Fact, Invalid, NotFound, Unavailable


class ExchangeUnreachable(Unavailable):
    """No clear answer came: nothing may be concluded from it."""

    code = "exchange_unreachable"


class ExchangeUnknown(Invalid):
    code = "exchange_unknown"


class SymbolUnknown(Invalid):
    code = "symbol_unknown"


class KeyRefused(Fact):
    """The exchange does not accept the key, or the key may do what we do not allow."""

    code = "key_refused"
    status = 422


class ModeForbidden(Fact):
    """TRADING_MODE does not let any bot go that far."""

    code = "mode_forbidden"
    status = 422


class AccountNotFound(NotFound):
    code = "account_not_found"


class AccountInUse(Conflict):
    code = "account_in_use"
