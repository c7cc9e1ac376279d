"""Passwords are hashed slowly and compared whole."""

import time

from tradingbot.users.passwords import COST, NOBODY, Passwords


async def test_a_password_matches_its_own_hash_only() -> None:
    passwords = Passwords(cost=4)
    hashed = await passwords.hash("correct horse")
    assert "correct horse" not in hashed
    assert await passwords.matches("correct horse", hashed)
    assert not await passwords.matches("Correct horse", hashed)
    assert not await passwords.matches("", hashed)


async def test_what_lies_beyond_72_bytes_is_not_ignored() -> None:
    passwords = Passwords(cost=4)
    hashed = await passwords.hash("x" * 72)
    assert await passwords.matches("x" * 72, hashed)
    assert not await passwords.matches("x" * 73, hashed)
    assert not await passwords.matches("ж" * 1000, hashed)


async def test_nobody_matches_after_as_long_as_anybody() -> None:
    assert NOBODY.startswith(b"$2b$%d$" % COST)
    begun = time.process_time()
    assert not await Passwords().matches("anything", None)
    assert time.process_time() - begun > 0.02


async def test_the_usual_cost_is_in_the_hash() -> None:
    assert (await Passwords().hash("correct horse")).startswith(f"$2b${COST}$")
