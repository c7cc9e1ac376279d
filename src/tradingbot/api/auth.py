"""Registration, sign-in, tokens, the current user."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import OAuth2PasswordRequestForm

from tradingbot.api.answers import answer
from tradingbot.api.dependencies import ActiveUser, Has
from tradingbot.api.exact import ExactRoute
from tradingbot.users.schemas import Login, RefreshToken, Registration, Tokens, UserView

router = APIRouter(prefix="/api/auth", tags=["auth"], route_class=ExactRoute)

FORM_EXAMPLE: dict[str, Any] = {
    "requestBody": {
        "content": {
            "application/x-www-form-urlencoded": {
                "example": {"username": "me@example.com", "password": "correct horse battery"}
            }
        }
    }
}


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


@router.post("/register", status_code=201, response_model=UserView)
async def register(services: Has, body: Registration) -> Response:
    """Sign up. An e-mail address can be registered once."""
    return answer(await services.users.register(body), 201)


@router.post("/login", response_model=Tokens)
async def login(request: Request, services: Has, body: Login) -> Response:
    """Sign in: an access token for half an hour, and a refresh token for the next one."""
    password = body.password.get_secret_value()
    return answer(await services.users.login(body.email, password, _address(request)))


@router.post("/token", response_model=Tokens, openapi_extra=FORM_EXAMPLE)
async def token(
    request: Request, services: Has, form: Annotated[OAuth2PasswordRequestForm, Depends()]
) -> Response:
    """The same as an OAuth2 form, for this page's Authorize button: `username` is the e-mail."""
    return answer(await services.users.login(form.username, form.password, _address(request)))


@router.post("/refresh", response_model=Tokens)
async def refresh(services: Has, body: RefreshToken) -> Response:
    """New tokens. A refresh token works once; shown again, it ends all that came from it."""
    return answer(await services.users.refresh(body.refresh_token))


@router.post("/logout", status_code=204, response_class=Response)
async def logout(services: Has, body: RefreshToken) -> Response:
    """End this refresh token and all that came from it."""
    await services.users.logout(body.refresh_token)
    return Response(status_code=204)


@router.get("/me", response_model=UserView)
async def me(user: ActiveUser) -> Response:
    return answer(user)
