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
WORDS = {
    "en": ("Is this your address?", "Order filled", "BTC/USDT"),
    "ru": ("Это ваш адрес?", "Ордер исполнен", "BTC/USDT"),
}


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


async def prove_address(system: System, host: MailHost, language: str) -> None:
    settings = {"email_enabled": True, "language": language, "max_per_minute": 600}
    settings["enabled_events"] = ["order_filled", "bot_error"]
    status, _ = await system.call("PUT", SETTINGS, settings)
    assert status == 200
    letter = text_of(await arrived(host, WORDS[language][0], 30))
    code = re.search(r"\b(\d{6})\b", letter)
    assert code is not None
    status, after = await system.call("POST", f"{EMAIL}/code", {"code": code.group(1)})
    assert (status, after["email_address"]) == (200, "ann@example.com")


@pytest.mark.timeout(240)
@pytest.mark.parametrize("language", ["en", "ru"])
async def test_a_trade_is_told_by_e_mail_once_the_address_is_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    _, filled, market = WORDS[language]
    async with mail_host(auth=True) as host:
        monkeypatch.setenv(
            "SMTP_URL", f"smtp://{quote(USER)}:{quote(PASSWORD, safe='')}@127.0.0.1:{host.port}"
        )
        monkeypatch.setenv("MAIL_FROM", "Bots <bots@example.com>")
        async with running(tmp_path / "data", "--speed=240") as system:
            await system.sign_in()
            await prove_address(system, host, language)
            await system.create_bot()
            mail = await arrived(host, filled)
            assert mail["To"] == "ann@example.com"
            assert market in text_of(mail)
            out = re.search(r"<(http://[^>]+)>", mail["List-Unsubscribe"])
            assert out is not None
            async with system.http.post(out.group(1)) as answer:
                assert answer.status == 200
            assert not (await system.get(SETTINGS))["email_enabled"]
        logs = "".join(path.read_text() for path in (tmp_path / "data" / "logs").glob("*.log"))
        assert PASSWORD not in logs


@pytest.mark.timeout(120)
async def test_with_a_wrong_password_everything_else_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mail_host(auth=True) as host:
        monkeypatch.setenv("SMTP_URL", f"smtp://somebody:wr0ng-secret@127.0.0.1:{host.port}")
        async with running(tmp_path / "data") as system:
            await system.sign_in()
            bot = await system.create_bot()

            async def runs() -> Any:
                return (await system.get(f"/api/bots/{bot['id']}"))["status"] == "running"

            await until(runs, 30, "a bot that runs")
            log = tmp_path / "data" / "logs" / "email-worker.log"

            async def told() -> bool:
                return "refuses the user or password of SMTP_URL" in log.read_text()

            await until(told, 30, "the reason")
            said = log.read_text() + (tmp_path / "data.log").read_text()
            assert said.count("mail_server_refuses") == 1
            assert "wr0ng-secret" not in said
            assert "starts again" not in said
            assert host.lines == 1
