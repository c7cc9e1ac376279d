"""None of aiogram's models is built, and nobody else's is left unbuilt."""

import pytest

from tests.adapters.fresh_python import run

pytestmark = pytest.mark.anyio

LEAN = """
from tradingbot.adapters.telegram_line import TelegramLine
from tradingbot.adapters.telegram_methods import Send
from aiogram.types import Update
assert not Update.__pydantic_complete__
assert Send.__pydantic_complete__
"""
THEN_ONE_OF_OUR_OWN = """
from pydantic import BaseModel
class Box(BaseModel):
    holds: "Ball"
class Ball(BaseModel):
    size: int
assert Box.model_rebuild() and Box(holds={"size": 3}).holds == Ball(size=3)
"""
FIRST_EVERYTHING = """
from aiogram.types import Update
assert Update.__pydantic_complete__
from tradingbot.adapters.telegram_methods import Send
assert Send.__pydantic_complete__
"""


async def test_no_model_is_built_and_ours_can_be_afterwards() -> None:
    await run(LEAN + THEN_ONE_OF_OUR_OWN)


async def test_all_of_aiogram_may_be_there_already() -> None:
    await run(FIRST_EVERYTHING)
