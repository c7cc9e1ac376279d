"""The paper exchange's own doors: register keys, read accounts, the journal and the feed."""

from decimal import Decimal, InvalidOperation

import orjson
from aiohttp import web

from tradingbot.paper import journal
from tradingbot.paper.accounts import Account
from tradingbot.paper.binance_shapes import queried
from tradingbot.paper.feeds import Feed
from tradingbot.paper.keys import KeyRing, PaperKey
from tradingbot.paper.venue import Venue

PERMISSIONS = ("reading", "trading", "withdrawals", "ip_restricted", "revoked")


class ControlDoor:
    def __init__(self, venue: Venue, keys: KeyRing, feed: Feed) -> None:
        self._venue = venue
        self._keys = keys
        self._feed = feed

    async def register(self, request: web.Request) -> web.Response:
        """From now on this key's signatures are checked, and it may do what is said here.

        {api_key, api_secret?, permissions?: {withdrawals: true, …}, balances?: {USDT: "1"},
        fee_coin?: "BNB"}: fees are paid with that while there is enough of it; "" ends it.
        """
        try:
            asked = orjson.loads(await request.read())
            api_key, secret = asked["api_key"], asked.get("api_secret")
            permissions, fee_coin = dict(asked.get("permissions") or {}), asked.get("fee_coin")
            balances = {
                asset: Decimal(str(amount))
                for asset, amount in (asked.get("balances") or {}).items()
            }
        except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation):
            wanted = "wanted: {api_key, api_secret, permissions, balances, fee_coin}"
            return _json({"error": wanted}, 422)
        odd = [
            name
            for name, granted in permissions.items()
            if name not in PERMISSIONS or not isinstance(granted, bool)
        ]
        odd += [asset for asset, free in balances.items() if not free.is_finite() or free < 0]
        texts = isinstance(api_key, str) and all(
            isinstance(text, str | None) for text in (secret, fee_coin)
        )
        if odd or not texts:
            wanted = f"permissions: {', '.join(PERMISSIONS)}, true or false; balances: from 0"
            return _json({"error": wanted}, 422)
        account_id = self._keys.account_of(api_key)
        self._keys.register(account_id, PaperKey(secret=secret, **permissions))
        account = self._venue.account(account_id)
        if balances or fee_coin is not None:
            account = self._venue.grant(account_id, balances, fee_coin)
        self._venue.flush()
        return _json(_described(account))

    async def account(self, request: web.Request) -> web.Response:
        """?api_key=… or ?account=…; nothing named: how many there are."""
        accounts = self._venue.ledger.accounts
        named = request.query.get("account")
        if "api_key" in request.query:
            named = self._keys.account_of(request.query["api_key"])
        if named is None:
            return _json({"accounts": len(accounts)})
        account = accounts.get(named)
        return (
            _json({"error": "no such account"}, 404)
            if account is None
            else _json(_described(account))
        )

    async def read_journal(self, request: web.Request) -> web.Response:
        """?after=SEQ: the lines after that one."""
        after = request.query.get("after", "0")
        if not after.isdecimal():
            return _json({"error": "after is a line's seq"}, 422)
        self._venue.flush()
        lines = (
            orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
            for entry in journal.read(self._venue.journal.path)
            if entry["seq"] > int(after)
        )
        return web.Response(body=b"".join(lines), content_type="application/jsonl")

    async def status(self, _: web.Request) -> web.Response:
        halls = self._venue.halls
        return _json(
            {
                "feed": self._feed.position(),
                "finished": self._feed.finished,
                "started": self._venue.first_order.is_set(),
                "prices": {symbol: str(hall.tape.last) for symbol, hall in halls.items()},
                "times": {symbol: hall.tape.at for symbol, hall in halls.items()},
                "journal_seq": self._venue.journal.seq,
                "accounts": len(self._venue.ledger.accounts),
                "open_orders": sum(
                    len(orders)
                    for account in self._venue.ledger.accounts.values()
                    for orders in account.open.values()
                ),
                "fills": self._venue.fills,
                "fees": {asset: str(fee) for asset, fee in self._venue.ledger.fees.items()},
            }
        )


def _described(account: Account) -> dict[str, object]:
    return {
        "account": account.id,
        "fee_coin": account.fee_coin,
        "balances": {
            asset: {"free": format(held.free, "f"), "locked": format(held.locked, "f")}
            for asset, held in account.balances.items()
        },
        "open_orders": [
            queried(order) for orders in account.open.values() for order in orders.values()
        ],
    }


def _json(body: object, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
