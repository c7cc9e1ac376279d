"""From a trade on the paper exchange to a letter in a mailbox, through everything in between."""

import re
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.adapters.mail_host import PASSWORD, USER, MailHost, mail_host
from tests.system.running import System, running, until

EMAIL = "/api/notifications/email"
SETTINGS = "/api/notifications/settings"
ASKED, FILLED = "Is this your address?", "Order filled"


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return f"{mail['Subject']}\n{body.get_content()}"


async def arrived(host: MailHost, words: str, seconds: float = 90) -> EmailMessage:
    async def there() -> Any:
        return next((mail for mail in host.got if words in text_of(mail)), None)

    found = await until(there, seconds, words)
    assert isinstance(found, EmailMessage)
    return found


async def prove_address(system: System, host: MailHost) -> None:
    few = ["order_filled", "bot_error"]
    settings = {"email_enabled": True, "max_per_minute": 600, "enabled_events": few}
    status, _ = await system.call("PUT", SETTINGS, settings)
    assert status == 200
    letter = text_of(await arrived(host, ASKED, 30))
    code = re.search(r"\b(\d{6})\b", letter)
    assert code is not None
    status, after = await system.call("POST", f"{EMAIL}/code", {"code": code.group(1)})
    assert (status, after["email_address"]) == (200, "ann@example.com")


@pytest.mark.timeout(240)
async def test_a_trade_is_told_by_e_mail_once_the_address_is_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mail_host(auth=True) as host:
        monkeypatch.setenv(
            "SMTP_URL", f"smtp://{quote(USER)}:{quote(PASSWORD, safe='')}@127.0.0.1:{host.port}"
        )
        monkeypatch.setenv("MAIL_FROM", "Bots <bots@example.com>")
        async with running(tmp_path / "data", "--speed=240") as system:
            await system.sign_in()
            await prove_address(system, host)
            await system.create_bot()
            mail = await arrived(host, FILLED)
            assert mail["To"] == "ann@example.com"
            assert "BTC/USDT" in text_of(mail)
            out = re.search(r"<(http://[^>]+)>", mail["List-Unsubscribe"])
            assert out is not None
            async with system.http.post(out.group(1)) as answer:
                assert answer.status == 200
            assert not (await system.get(SETTINGS))["email_enabled"]
        logs = "".join(path.read_text() for path in (tmp_path / "data" / "logs").glob("*.log"))
        assert PASSWORD not in logs
