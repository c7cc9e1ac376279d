"""What only e-mails say, in each language."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MailWords:
    footer: str
    unsubscribe: str
    curve: str
    confirm_title: str
    confirm_code: str
    confirm_advice: str
    confirm_button: str
    confirm_page: str
    confirmed: str
    link_over: str
    unsubscribed: str
    still_wanted: str
    unsubscribe_page: str


ENGLISH = MailWords(
    footer="You get this because e-mail is on in your notification settings.",
    unsubscribe="Stop these e-mails",
    curve="Realised profit, {days} days",
    confirm_title="Is this your address?",
    confirm_code="Code",
    confirm_advice="Enter the code within 24 hours, and your messages come here. "
    "If you did not ask for it, do nothing: nothing more will be sent.",
    confirm_button="Yes, it is mine",
    confirm_page="Shall messages from your trading bots come to {address}?",
    confirmed="Done. Your messages will come to {address}.",
    link_over="This link is over or not complete. Ask for a new one in your settings.",
    unsubscribed="Done. No more e-mails will come to {address}.",
    still_wanted="Nothing was changed.",
    unsubscribe_page="Shall no more e-mails come to {address}?",
)
RUSSIAN = MailWords(
    footer="Вы получили это письмо, потому что в настройках уведомлений включена почта.",
    unsubscribe="Больше не присылать",
    curve="Полученная прибыль, дней: {days}",
    confirm_title="Это ваш адрес?",
    confirm_code="Код",
    confirm_advice="Введите код в течение 24 часов, и сообщения будут приходить сюда. "
    "Если вы этого не просили, ничего не делайте: больше ничего не придёт.",
    confirm_button="Да, это мой адрес",
    confirm_page="Присылать сообщения ваших торговых ботов на {address}?",
    confirmed="Готово. Сообщения будут приходить на {address}.",
    link_over="Ссылка устарела или неполна. Запросите новую в настройках.",
    unsubscribed="Готово. Писем на {address} больше не будет.",
    still_wanted="Ничего не изменилось.",
    unsubscribe_page="Больше не присылать письма на {address}?",
)
MAIL_WORDS: Mapping[str, MailWords] = {"en": ENGLISH, "ru": RUSSIAN}
