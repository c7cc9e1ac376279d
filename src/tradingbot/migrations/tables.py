"""Every table, gathered so that a migration sees them all."""

import tradingbot.bots.models
import tradingbot.events.models
import tradingbot.exchanges.models
import tradingbot.kit.idempotency
import tradingbot.kit.lease
import tradingbot.kit.outbox
import tradingbot.ledger.models
import tradingbot.notifications.models
import tradingbot.orders.models
import tradingbot.telegram.models
import tradingbot.users.models
from tradingbot.kit.database import metadata

__all__ = ["metadata", "tradingbot"]
