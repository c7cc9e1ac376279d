"""The commands that start a process and take nothing but the environment."""


def order_monitor() -> None:
    """Follow open orders until SIGTERM: hear of fills, look up what is unclear.

    \b
    Environment: DATABASE_URL, REDIS_URL, SECRET_KEY, TRADING_MODE, PAPER_EXCHANGE_URL
    Example:     tradingbot order-monitor
    """
    from tradingbot import settings as environment

    settings = environment.load(*environment.EVERYTHING)
    from tradingbot.processes import order_monitor as process

    process.main(settings)


def notifier() -> None:
    """Tell people what happened until SIGTERM, on the channels they chose.

    \b
    Environment: DATABASE_URL, REDIS_URL, SECRET_KEY
    Example:     tradingbot notifier
    """
    from tradingbot import settings as environment

    settings = environment.load(*environment.EVERYTHING)
    from tradingbot.processes import notifier as process

    process.main(settings)


def telegram_bot() -> None:
    """Answer people on Telegram, and tell them there what happened, until SIGTERM.

    Any number may run at once: one of them asks Telegram for what is new (or, with PUBLIC_URL,
    Telegram brings it to the API), all of them answer. A token Telegram does not know ends it
    with 78.

    \b
    Environment: DATABASE_URL, REDIS_URL, SECRET_KEY, TRADING_MODE, PAPER_EXCHANGE_URL,
                 TELEGRAM_BOT_TOKEN (from @BotFather), TELEGRAM_API_URL, PUBLIC_URL
    Example:     TELEGRAM_BOT_TOKEN=123456:ABC… tradingbot telegram-bot
    """
    from tradingbot import settings as environment

    settings = environment.load(*environment.EVERYTHING, "telegram_bot_token")
    from tradingbot.processes import telegram_bot as process

    process.main(settings)


def email_worker() -> None:
    """Bring people's messages by e-mail until SIGTERM, and ask whose a new address is.

    Any number may run at once. While the mail server is away or refuses the password, what is to
    be sent waits up to a day. SMTP_URL takes ?starttls=offered, required or never (required where
    a password leaves this machine) and ?verify=no for a server whose certificate nobody signed.

    \b
    Environment: DATABASE_URL, REDIS_URL, SECRET_KEY, SMTP_URL, MAIL_FROM, PUBLIC_URL
    Example:     SMTP_URL=smtp://user:password@mail.example.com:587 \\
                 MAIL_FROM='Bots <bots@example.com>' tradingbot email-worker
    """
    from tradingbot import settings as environment

    settings = environment.load(*environment.EVERYTHING, "smtp_url")
    from tradingbot.processes import email_worker as process

    process.main(settings)
