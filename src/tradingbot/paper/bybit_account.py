"""An account's money, its fees and what its key may do, the Bybit way."""

from tradingbot.paper import bybit_errors as errors
from tradingbot.paper import bybit_shapes as shapes
from tradingbot.paper.bybit_gateway import Call, Result
from tradingbot.trading.money import plain

UNIFIED_PRO = 6
MADE = "2023-11-14T22:13:20Z"


def wallet_balance(call: Call) -> Result:
    if call.params.need("accountType") != "UNIFIED":
        raise errors.wrong("accountType only support UNIFIED.")
    coins = call.params.text("coin")
    held = call.account.balances
    wanted = coins.split(",") if coins else [c for c, b in held.items() if b.free or b.locked]
    return {"list": [shapes.wallet(call.venue, call.account, [c for c in wanted if c in held])]}


def info(call: Call) -> Result:
    return {
        "marginMode": "REGULAR_MARGIN",
        "updatedTime": str(call.account.updated),
        "unifiedMarginStatus": UNIFIED_PRO,
        "dcpStatus": "OFF",
        "timeWindow": 0,
        "smpGroup": 0,
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
    }


def fee_rate(call: Call) -> Result:
    call.params.spot()
    fees, halls = call.venue.options.fees, call.venue.halls
    chosen = list(halls)
    if call.params.text("symbol"):
        chosen = [call.hall(errors.unknown_market()).market.symbol]
    return {
        "category": "spot",
        "list": [
            {
                "symbol": shapes.id_of(symbol),
                "takerFeeRate": plain(fees.taker),
                "makerFeeRate": plain(fees.maker),
            }
            for symbol in chosen
        ],
    }


def query_api(call: Call) -> Result:
    key, account = call.key, call.account.id
    return {
        "id": account[:8],
        "note": "paper",
        # The key itself stays with who sent it.
        "apiKey": account[:18],
        "readOnly": 0 if key.trading else 1,
        "secret": "",
        "permissions": {
            "ContractTrade": [],
            "Spot": ["SpotTrade"] if key.trading else [],
            "Wallet": ["Withdraw"] if key.withdrawals else [],
            "Options": [],
            "Derivatives": [],
            "CopyTrading": [],
            "BlockTrade": [],
            "Exchange": [],
            "NFT": [],
            "Affiliate": [],
            "Earn": [],
        },
        "ips": ["127.0.0.1"] if key.ip_restricted else ["*"],
        "type": 1,
        "deadlineDay": -2 if key.ip_restricted else 90,
        "expiredAt": "1970-01-01T00:00:00Z",
        "createdAt": MADE,
        "unified": 0,
        "uta": 1,
        "userID": int(account[:8], 16),
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": "",
        "isMaster": True,
        "parentUid": "0",
        "kycLevel": "LEVEL_DEFAULT",
        "kycRegion": "",
    }
