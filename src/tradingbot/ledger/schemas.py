"""What crosses the API."""

from pydantic import BaseModel, ConfigDict, Field


class ShareView(BaseModel):
    """What a bot owns of a coin; a deleted one owns nothing."""

    bot_id: int
    name: str
    amount: str


class CoinView(BaseModel):
    """One coin of an account: whose it is, and what the exchange has of it."""

    asset: str
    free: str | None = Field(
        description="What belongs to no bot; null until the balances were first read."
    )
    bots: list[ShareView]
    total: str | None = Field(description="The bots' and what is free.")
    exchange: str | None = Field(
        description="Free and locked there, now; null while it does not answer."
    )
    drift: str | None = Field(
        description="The exchange's less ours. Not zero for moments while orders trade; "
        "for longer, something came in or went out beside our orders."
    )


class LedgerView(BaseModel):
    """Who owns what of an account's money. Amounts are decimal strings."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "account_id": 1,
                "coins": [
                    {
                        "asset": "USDT",
                        "free": "99900",
                        "bots": [{"bot_id": 1, "name": "My Bot", "amount": "100"}],
                        "total": "100000",
                        "exchange": "100000",
                        "drift": "0",
                    }
                ],
            }
        }
    )

    account_id: int
    coins: list[CoinView]
