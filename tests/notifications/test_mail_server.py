"""What SMTP_URL says of a mail server, and what it never shows."""

import pytest

from tradingbot.notifications.mail_server import mail_server, sender, sender_of


def test_a_password_goes_out_encrypted_unless_it_stays_here() -> None:
    assert mail_server("smtp://me:pass@mail.example.com").starttls == "required"
    assert mail_server("smtp://me:pass@127.0.0.1").starttls == "offered"
    assert mail_server("smtp://mail.example.com").starttls == "offered"
    assert mail_server("smtp://me:pass@mail.example.com?starttls=never").starttls == "never"


def test_ports_are_the_usual_ones() -> None:
    urls = ("smtp://host", "smtp://me:pass@host", "smtps://me:pass@host", "smtp://host:2525")
    assert [mail_server(url).port for url in urls] == [25, 587, 465, 2525]


@pytest.mark.parametrize(
    "url",
    [
        "smtp://me:se/cret@host:25",
        "smtp://me:secret@host:x",
        "http://me:secret@host",
        "smtp://me:secret@",
        "smtp://me:secret@host?starttls=perhaps",
        "smtp://me:secret@host?password=secret",
    ],
)
def test_what_will_not_do_is_said_without_the_password(url: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        mail_server(url)
    assert "cret" not in str(caught.value)
    assert "cret" not in repr(mail_server("smtp://me:secret@host"))


def test_who_letters_are_from() -> None:
    by = sender("Bots <bots@example.com>")
    assert (by.name, by.address, by.domain) == ("Bots", "bots@example.com", "example.com")
    server = mail_server("smtp://me%40example.com:pass@host")
    assert sender_of("", server).address == "me@example.com"
    with pytest.raises(ValueError, match="must look like"):
        sender("Bots")
