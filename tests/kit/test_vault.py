"""What is sealed opens with our keys alone, also after they changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradingbot.kit.vault import CannotOpen, Vault

OLD = "an old secret key of forty characters..."
NEW = "a new secret key, just as long as that.."


@given(st.text())
def test_what_is_sealed_opens_again_and_does_not_show(text: str) -> None:
    vault = Vault(NEW)
    sealed = vault.seal(text)
    assert vault.open(sealed) == text
    assert len(text) < 5 or text not in sealed


def test_the_same_text_is_sealed_differently_each_time() -> None:
    vault = Vault(NEW)
    assert vault.seal("key") != vault.seal("key")


def test_another_key_opens_nothing() -> None:
    sealed = Vault(OLD).seal("key")
    with pytest.raises(CannotOpen):
        Vault(NEW).open(sealed)


@pytest.mark.parametrize("damaged", ["", "x", "gAAAAA", "ключ"])
def test_what_is_damaged_does_not_open(damaged: str) -> None:
    with pytest.raises(CannotOpen):
        Vault(NEW).open(damaged)


def test_after_resealing_the_old_key_is_not_needed() -> None:
    sealed = Vault(OLD).seal("key")
    resealed = Vault(NEW, [OLD]).reseal(sealed)
    assert Vault(NEW).open(resealed) == "key"


def test_a_fingerprint_is_the_same_for_the_same_text_and_key() -> None:
    assert Vault(NEW).fingerprint("key") == Vault(NEW).fingerprint("key")
    assert Vault(NEW).fingerprint("key") != Vault(NEW).fingerprint("keys")
    assert Vault(NEW).fingerprint("key") != Vault(OLD).fingerprint("key")


def test_fingerprints_find_what_an_old_key_marked() -> None:
    assert Vault(OLD).fingerprint("key") in Vault(NEW, [OLD]).fingerprints("key")


def test_no_purpose_has_anothers_key() -> None:
    vault = Vault(NEW)
    assert vault.signing_key().hex() != vault.fingerprint("")
    assert len(vault.signing_key()) == 32
    assert NEW.encode() not in vault.signing_key()


def test_a_vault_shows_nothing() -> None:
    assert repr(Vault(NEW, [OLD])) == str(Vault(NEW)) == "Vault(***)"
