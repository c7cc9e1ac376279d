"""Every use case, put together for those who let people in: the API, and Telegram."""

from collections.abc import Mapping

from tradingbot.api.services import Check, Parts, Services
from tradingbot.bots import repository as bots
from tradingbot.exchanges.ports import Mode
from tradingbot.kit.database import Database
from tradingbot.orders.service import OrderDesk
from tradingbot.strategies.catalogue import CATALOGUE
from tradingbot.telegram.asking import Desks
from tradingbot.wiring import telling
from tradingbot.wiring.foundation import Foundation
from tradingbot.wiring.telegram import calls, chats
from tradingbot.wiring.trading import OrderPath


def services(base: Foundation, path: OrderPath, checks: Mapping[str, Check]) -> Services:
    return Services(
        Parts(
            database=base.database,
            vault=base.vault,
            clock=base.clock,
            exchanges=path.exchanges,
            orders=OrderDesk(
                base.database, path.sessions, path.executor, bots.find_account, path.crew.spawn
            ),
            notifications=telling.desk(base),
            chats=chats(base),
            confirmations=telling.confirmations(base),
            way_out=telling.way_out(base),
            strategies=CATALOGUE,
            nudge=base.relay.nudge,
            forget=path.sessions.forget,
            mode_max=Mode(base.settings.trading_mode),
            access_minutes=base.settings.access_token_minutes,
            checks=checks,
            calls=calls(base),
        )
    )


def desks(all_of_them: Services, database: Database) -> Desks:
    """Those that are asked in a chat."""
    return Desks(
        database=database,
        chats=all_of_them.chats,
        notifications=all_of_them.notifications,
        accounts=all_of_them.accounts,
        bots=all_of_them.bots,
        ledger=all_of_them.ledger,
        orders=all_of_them.orders,
    )
