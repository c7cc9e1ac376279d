"""A token and a password that are refused: all else runs, and it is said once, without them."""

from pathlib import Path
from typing import Any

import pytest

from tests.adapters.mail_host import mail_host
from tests.system.running import running, until
from tests.telegram.doorway import open_doorway


@pytest.mark.timeout(180)
async def test_with_a_wrong_token_and_a_wrong_password_everything_else_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_doorway() as doorway, mail_host(auth=True) as host:
        monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "666000:somebody-elses-token-0123456789")
        monkeypatch.setenv("TELEGRAM_API_URL", doorway.url)
        monkeypatch.setenv("SMTP_URL", f"smtp://somebody:wr0ng-secret@127.0.0.1:{host.port}")
        async with running(tmp_path / "data") as system:
            await system.sign_in()
            bot = await system.create_bot()

            async def runs() -> Any:
                return (await system.get(f"/api/bots/{bot['id']}"))["status"] == "running"

            await until(runs, 30, "a bot that runs")
            all_of_it, of_mail = tmp_path / "data.log", tmp_path / "data/logs/email-worker.log"

            async def both_told() -> bool:
                return (
                    "telegram-bot stays down: tradingbot: TELEGRAM_BOT_TOKEN"
                    in all_of_it.read_text()
                    and "refuses the user or password of SMTP_URL" in of_mail.read_text()
                )

            await until(both_told, 60, "the reasons")
            said = of_mail.read_text() + all_of_it.read_text()
            assert said.count("mail_server_refuses") == 1
            assert "wr0ng-secret" not in said
            assert "somebody-elses" not in said
            assert "starts again" not in said
            assert (host.lines, doorway.asked.count("getMe")) == (1, 1)
