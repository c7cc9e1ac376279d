"""A chat that belongs to nobody yet: the way in, and nothing else."""

from tradingbot.telegram.errors import LinkExpired, LinkUnknown, LinkUsed
from tradingbot.telegram.schemas import Role, SaidChat
from tradingbot.telegram.screens import Ask, Screen
from tradingbot.telegram.service import ChatDesk
from tradingbot.telegram.words import Words


class Entrance:
    def __init__(self, chats: ChatDesk) -> None:
        self._chats = chats

    async def welcome(self, said: SaidChat, ask: Ask, words: Words) -> Screen:
        if ask.verb != "start":
            return Screen(words.say("stranger"))
        if not ask.args:
            return Screen(words.say("greet.code", code=await self._chats.code_for(said)))
        try:
            role = await self._chats.accept(said, ask.arg)
        except (LinkUnknown, LinkExpired, LinkUsed) as why:
            return Screen(words.say(f"link.{why.code}"))
        return joined(words, role)


def joined(words: Words, role: str) -> Screen:
    """What a chat is told that now belongs to somebody."""
    return Screen(words.say("greet.joined" if role == Role.OPERATOR else "greet.joined_viewer"))
