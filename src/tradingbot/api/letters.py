"""What e-mails lead to: an address confirmed, e-mails ended. A link needs no sign-in."""

from html import escape
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from tradingbot.api.answers import answer
from tradingbot.api.dependencies import ActiveUser, Has
from tradingbot.api.exact import ExactRoute
from tradingbot.notifications.errors import LinkInvalid
from tradingbot.notifications.mail_words import MAIL_WORDS
from tradingbot.notifications.schemas import ConfirmationCode, SettingsView

router = APIRouter(
    prefix="/api/notifications/email", tags=["notifications"], route_class=ExactRoute
)
Token = Annotated[str, Query(max_length=100, description="As it stands in the e-mail.")]
PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><meta name="referrer" content="no-referrer">
<title>Trading Bot System</title><style>
:root {{ color-scheme: light dark }}
body {{ margin: 15vh auto 0; max-width: 30rem; padding: 0 1.5rem; font: 1.1rem/1.5 sans-serif }}
button {{ font: inherit; padding: .6rem 1.4rem; border: 0; border-radius: 6px;
  background: #2563eb; color: #fff }}
</style></head><body><p>{sentence}</p>{form}</body></html>
"""
OVER: dict[int | str, dict[str, Any]] = {
    404: {"description": "The link is over.", "content": {"text/html": {}}}
}
FORM = '<form method="post"><button>{}</button></form>'


@router.post("/verify", status_code=202, response_model=SettingsView)
async def verify(services: Has, user: ActiveUser) -> Response:
    """Have a code sent to your e-mail address: once a minute, five times an hour."""
    return answer(await services.confirmations.ask(user.id), 202)


@router.post("/code", response_model=SettingsView)
async def code(services: Has, user: ActiveUser, body: ConfirmationCode) -> Response:
    """The code from the e-mail: from now on your messages go there."""
    return answer(await services.confirmations.confirm_code(user.id, body.code))


@router.get("/confirm", response_class=HTMLResponse, responses=OVER)
async def confirm_page(services: Has, token: Token) -> Response:
    """Where the e-mail's button leads. Programs that look at every link confirm nothing."""
    try:
        asking = await services.confirmations.whose(token)
    except LinkInvalid:
        return _over()
    words = MAIL_WORDS[asking.language]
    sentence = words.confirm_page.format(address=asking.address)
    return _page(asking.language, sentence, words.confirm_button)


@router.post("/confirm", response_class=HTMLResponse, responses=OVER)
async def confirm(services: Has, token: Token) -> Response:
    """What the page's button does."""
    try:
        asking = await services.confirmations.confirm_link(token)
    except LinkInvalid:
        return _over()
    sentence = MAIL_WORDS[asking.language].confirmed
    return _page(asking.language, sentence.format(address=asking.address))


@router.get("/unsubscribe", response_class=HTMLResponse, responses=OVER)
async def unsubscribe_page(services: Has, token: Token) -> Response:
    """Where an e-mail's way out leads; nothing is changed before the button."""
    try:
        who = await services.way_out.whose(token)
    except LinkInvalid:
        return _over()
    words = MAIL_WORDS[who.language]
    sentence = words.unsubscribe_page.format(address=who.address)
    return _page(who.language, sentence, words.unsubscribe)


@router.post("/unsubscribe", response_class=HTMLResponse, responses=OVER)
async def unsubscribe(services: Has, token: Token) -> Response:
    """One click in a mail client (RFC 8058), or the page's button: no more e-mails."""
    try:
        who = await services.way_out.leave(token)
    except LinkInvalid:
        return _over()
    sentence = MAIL_WORDS[who.language].unsubscribed
    return _page(who.language, sentence.format(address=who.address))


def _over() -> Response:
    words = [MAIL_WORDS[language].link_over for language in ("en", "ru")]
    return _page("en", " ".join(words), status=404)


def _page(language: str, sentence: str, button: str = "", status: int = 200) -> Response:
    form = FORM.format(escape(button)) if button else ""
    page = PAGE.format(language=language, sentence=escape(sentence), form=form)
    return HTMLResponse(page, status, headers={"Cache-Control": "no-store"})
