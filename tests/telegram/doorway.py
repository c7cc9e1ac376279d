"""The way to the emulator: adds what that lacks, measures, and makes things go wrong.

It lacks wrong tokens, offsets, limits, chats that are blocked or move, the menu, and that a
message cannot be changed into what it is.
"""

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from time import monotonic
from typing import Any, TypeAlias

from aiohttp import ClientSession, web

from tests.telegram.emulator import running_emulator

TOKEN = "666000:a-token-that-only-the-emulator-knows-0123"
BOT_NAME = "TestNameBot"
ALL_A_SECOND = 30
LOOK_SECONDS = 0.03
UNMODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)

Form: TypeAlias = dict[str, str]
Way: TypeAlias = Callable[[Form], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Written:
    """The bot wrote a message, or put another in its place."""

    chat_id: int
    message_id: int
    changed: bool
    at: float
    text: str
    same: bool = False  # as it stood there before


@dataclass
class Doorway:
    emulator: str
    http: ClientSession
    url: str = ""
    written: list[Written] = field(default_factory=list)
    menus: list[Form] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    blocked: set[int] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)
    moved: dict[int, int] = field(default_factory=dict)
    down: bool = False
    mute: asyncio.Event | None = None  # until it is set, what is written is swallowed
    faults: float = 0.0
    faulty: random.Random = field(default_factory=lambda: random.Random(7))
    hook: Form | None = None
    refused: int = 0
    early: list[str] = field(default_factory=list)
    _waiting: list[dict[str, Any]] = field(default_factory=list)
    _lately: deque[float] = field(default_factory=deque)
    _last: dict[int, float] = field(default_factory=dict)
    _closed_until: float = 0.0
    _stands: dict[tuple[int, int], Form] = field(default_factory=dict)

    def close(self, seconds: float) -> None:
        """Whatever is asked until then is asked too early, and told so."""
        self._closed_until = monotonic() + seconds

    async def handle(self, request: web.Request) -> web.Response:
        method, form = request.match_info["method"], _form(await request.post())
        self.asked.append(method)
        if self.down:
            return web.Response(status=502, text="<html>Bad Gateway</html>")
        if request.match_info["token"] != TOKEN:
            return _no(401, "Unauthorized")
        if (left := self._closed_until - monotonic()) > 0:
            self.early.append(method)
            return _no(429, f"Too Many Requests: retry after {ceil(left)}", _after(left))
        ways: dict[str, Way] = {
            "setMyCommands": self._menu,
            "getUpdates": self._updates,
            "setWebhook": self._hooked,
            "sendMessage": partial(self._written, method),
            "editMessageText": partial(self._written, method),
        }
        return await ways.get(method, partial(self._passed, method))(form)

    async def call(self, request: web.Request) -> web.Response:
        """The emulator brings an update; the real one would show the secret it was given."""
        assert self.hook is not None
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.hook["secret_token"]}
        body = await request.json()
        async with self.http.post(self.hook["url"], json=body, headers=headers) as answer:
            return web.Response(status=answer.status)

    async def history(self) -> list[dict[str, Any]]:
        """All the emulator keeps, on either side."""
        async with self.http.post(
            f"{self.emulator}/getUpdatesHistory", json={"token": TOKEN}
        ) as answer:
            result: list[dict[str, Any]] = (await answer.json())["result"]
            return result

    async def _pass(self, method: str, form: Form) -> Any:
        async with self.http.post(f"{self.emulator}/bot{TOKEN}/{method}", data=form) as answer:
            return await answer.json()

    async def _passed(self, method: str, form: Form) -> web.Response:
        return web.json_response(await self._pass(method, form))

    async def _menu(self, form: Form) -> web.Response:
        self.menus.append(form)
        return web.json_response({"ok": True, "result": True})

    async def _hooked(self, form: Form) -> web.Response:
        if form["url"].startswith("http://0.0.0.0"):
            return _no(400, "Bad Request: bad webhook: IP address 0.0.0.0 is reserved")
        self.hook = form
        return await self._passed("setWebhook", {**form, "url": f"{self.url}/hook"})

    async def _updates(self, form: Form) -> web.Response:
        offset, until = int(form.get("offset", 0)), monotonic() + int(form.get("timeout", 0))
        self._waiting = [each for each in self._waiting if each["update_id"] >= offset]
        while True:
            new = (await self._pass("getUpdates", {}))["result"]
            self._waiting += new  # in a line of its own: another who asks may renew it meanwhile
            if self._waiting or monotonic() > until:
                return web.json_response({"ok": True, "result": self._waiting})
            await asyncio.sleep(LOOK_SECONDS)
            if self.http.closed:  # whoever asked was killed, and all is over
                return _no(502, "Bad Gateway")

    async def _written(self, method: str, form: Form) -> web.Response:
        if self.mute is not None and not self.mute.is_set():
            await self.mute.wait()
            return _no(502, "Bad Gateway")
        chat_id, changed = int(form["chat_id"]), method == "editMessageText"
        if (no := self._refusal(chat_id, changed=changed)) is not None:
            self.refused += 1
            return no
        number = int(form.get("message_id", 0))
        face = {name: form.get(name, "") for name in ("text", "reply_markup")}
        if same := changed and self._stands.get((chat_id, number)) == face:
            answer = _no(400, f"Bad Request: {UNMODIFIED}")
        else:
            told = await self._pass(method, form)
            number = number if changed else told["result"]["message_id"]
            answer = web.json_response(told)
        self._stands[chat_id, number] = face
        self.written.append(Written(chat_id, number, changed, monotonic(), form["text"], same))
        return answer

    def _refusal(self, chat_id: int, *, changed: bool) -> web.Response | None:
        self._measure(chat_id, changed=changed)
        if chat_id in self.blocked:
            return _no(403, "Forbidden: bot was blocked by the user")
        if chat_id in self.unknown:
            return _no(400, "Bad Request: chat not found")
        if chat_id in self.moved:
            about = {"migrate_to_chat_id": self.moved[chat_id]}
            return _no(400, "Bad Request: group chat was upgraded to a supergroup chat", about)
        chance = self.faulty.random()
        if chance < self.faults / 2:
            return _no(429, "Too Many Requests: retry after 1", _after(1))
        return _no(500, "Internal Server Error") if chance < self.faults else None

    def _measure(self, chat_id: int, *, changed: bool) -> None:
        now = monotonic()
        self._lately.append(now)
        while self._lately[0] < now - 1:
            self._lately.popleft()
        if len(self._lately) > ALL_A_SECOND:
            self.violations.append(f"{len(self._lately)} in a second")
        if not changed:
            last = self._last.get(chat_id)
            if last is not None and now - last < 1:
                self.violations.append(f"chat {chat_id}: {now - last:.3f} s after the last")
            self._last[chat_id] = now


@asynccontextmanager
async def open_doorway() -> AsyncIterator[Doorway]:
    async with running_emulator() as emulator, ClientSession() as http:
        doorway = Doorway(emulator, http)
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", doorway.handle)
        app.router.add_post("/hook", doorway.call)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            doorway.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield doorway
        finally:
            await runner.cleanup()


def _no(status: int, words: str, about: dict[str, int] | None = None) -> web.Response:
    body = {"ok": False, "error_code": status, "description": words, "parameters": about or {}}
    return web.json_response(body, status=status)


def _after(seconds: float) -> dict[str, int]:
    return {"retry_after": ceil(seconds)}


def _form(posted: Any) -> Form:
    return {name: str(value) for name, value in posted.items()}
