"""What can go wrong with an account's money, by name."""

from tradingbot.kit.errors import Conflict


class FreeTaken(Conflict):
    """What was free a moment ago belongs to somebody now."""

    code = "free_funds_taken"
