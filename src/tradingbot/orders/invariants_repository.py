"""What our books must always add up to, as questions whose every answer is a breach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from tradingbot.kit.statement import Driver, Statement

# The most that is told of one rule: who has not mended these needs no more.
BREACHES_MAX = 100


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule, the account and the row it is broken at, and how."""

    rule: str
    account_id: int
    subject: str
    why: str


# Each: account_id, subject, why. `since` leaves out what has not changed for longer.
_RULES: Mapping[str, str] = {
    "fills_add_up": """
        SELECT o.account_id, 'order ' || o.id,
            'filled ' || o.filled_quantity || ' for ' || o.filled_cost || ', its fills come to '
            || coalesce(f.quantity, 0) || ' for ' || coalesce(f.cost, 0)
        FROM orders o LEFT JOIN LATERAL (
            SELECT sum(quantity) AS quantity, sum(quantity * price) AS cost
            FROM fills WHERE fills.order_id = o.id
        ) f ON true
        WHERE o.updated_at > now() - CAST(:since AS interval) AND
            (o.filled_quantity <> coalesce(f.quantity, 0)
                OR round(o.filled_cost - coalesce(f.cost, 0), 12) <> 0)
    """,
    "filled_within_quantity": """
        SELECT account_id, 'order ' || id, filled_quantity || ' filled of ' || quantity
        FROM orders
        WHERE updated_at > now() - CAST(:since AS interval)
            AND (filled_quantity < 0 OR filled_quantity > quantity)
    """,
    "status_fits_what_is_filled": """
        SELECT account_id, 'order ' || id,
            status || ' with ' || filled_quantity || ' of ' || quantity || ' filled'
        FROM orders
        WHERE updated_at > now() - CAST(:since AS interval) AND NOT CASE
            WHEN status = 'filled' THEN filled_quantity = quantity
            WHEN status = 'partially_filled' THEN filled_quantity BETWEEN 0 AND quantity
                AND filled_quantity NOT IN (0, quantity)
            WHEN status IN ('planned', 'sending', 'open', 'rejected', 'not_placed')
                THEN filled_quantity = 0
            ELSE filled_quantity < quantity
        END
    """,
    "fills_belong_to_their_order": """
        SELECT f.account_id, 'fill ' || f.id,
            f.side || ' ' || f.symbol || ' in order ' || o.id || ', ' || o.side || ' ' || o.symbol
        FROM fills f JOIN orders o ON o.id = f.order_id
        WHERE o.updated_at > now() - CAST(:since AS interval) AND
            (f.account_id, f.user_id, f.bot_id, f.symbol, f.side)
                <> (o.account_id, o.user_id, o.bot_id, o.symbol, o.side)
    """,
    "fills_are_amounts": """
        SELECT f.account_id, 'fill ' || f.id, f.quantity || ' at ' || f.price || ', fee ' || f.fee
        FROM fills f JOIN orders o ON o.id = f.order_id
        WHERE o.updated_at > now() - CAST(:since AS interval)
            AND (f.quantity <= 0 OR f.price <= 0 OR f.quantity = 'NaN' OR f.price = 'NaN'
                OR f.fee = 'NaN')
    """,
    "sent_only_when_signed": """
        SELECT account_id, 'order ' || id, status || ' without a signing time'
        FROM orders
        WHERE status = 'sending' AND (sign_timestamp_ms IS NULL OR recv_window_ms IS NULL)
    """,
    "doubt_ends": """
        SELECT account_id, 'order ' || id, 'sending since ' || updated_at
        FROM orders
        WHERE status = 'sending' AND updated_at < now() - interval '10 minutes'
    """,
    "cancels_are_done": """
        SELECT account_id, 'order ' || id, 'to be cancelled since ' || cancel_requested_at
        FROM orders
        WHERE status IN ('planned', 'sending', 'open', 'partially_filled')
            AND cancel_requested_at < now() - interval '10 minutes'
    """,
    "on_the_exchange_by_its_number": """
        SELECT account_id, 'order ' || id, status || ' without a number of the exchange''s'
        FROM orders
        WHERE updated_at > now() - CAST(:since AS interval) AND exchange_order_id IS NULL
            AND status IN ('open', 'partially_filled', 'filled', 'expired')
    """,
    "one_number_one_order": """
        SELECT o.account_id, 'order ' || o.id,
            'number ' || o.exchange_order_id || ' is order ' || other.id || ' as well'
        FROM orders o JOIN orders other
            ON (other.account_id, other.symbol, other.exchange_order_id)
                = (o.account_id, o.symbol, o.exchange_order_id) AND other.id < o.id
        WHERE o.updated_at > now() - CAST(:since AS interval)
    """,
    "one_id_one_order": """
        SELECT o.account_id, 'order ' || o.id,
            'its client order id is order ' || other.id || '''s as well'
        FROM orders o JOIN orders other
            ON other.client_order_id = o.client_order_id AND other.id < o.id
        WHERE o.updated_at > now() - CAST(:since AS interval)
    """,
    "unknown_orders_hold_their_account": """
        SELECT q.account_id, 'finding ' || q.id, q.why
        FROM quarantine q JOIN exchange_accounts a ON a.id = q.account_id
        WHERE q.resolved_at IS NULL AND a.held_since IS NULL
            AND q.kind IN ('unknown_order', 'unknown_fills', 'reopened_order', 'lost_record')
    """,
}
RULES = {
    name: Statement(
        text(
            f"SELECT * FROM ({query}) breaches (account_id, subject, why) LIMIT {BREACHES_MAX}"  # noqa: S608  # constants
        )
    )
    for name, query in _RULES.items()
}


async def breaches(driver: Driver, since: timedelta) -> Sequence[Breach]:
    """Where a rule is broken, among what has changed within `since`."""
    found: list[Breach] = []
    for rule, statement in RULES.items():
        rows = await statement.rows(driver, since=since)
        found += [Breach(rule, row["account_id"], row["subject"], row["why"]) for row in rows]
    return found
