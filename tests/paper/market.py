"""The surrounding market, moved by hand."""

from decimal import Decimal

from tradingbot.paper.server import PaperExchange


def move(paper: PaperExchange, symbol: str, price: str, quantity: str = "1") -> None:
    tape = paper.venue.halls[symbol].tape
    paper.venue.print(symbol, Decimal(price), Decimal(quantity), tape.at + 1, buyer_is_maker=False)
    paper.venue.flush()
