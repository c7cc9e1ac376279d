"""Web addresses people may have messages sent to."""

from urllib.parse import parse_qsl, urlsplit

# They take our own signed JSON.
OURS = frozenset({"http", "https"})
# Apprise's names of the services it speaks to for us.
SERVICES = (
    *("json", "jsons", "discord", "slack", "ntfy", "ntfys"),
    *("gotify", "gotifys", "mmost", "mmosts"),
)
# Apprise has options that read files of this machine ("template") or change how it connects.
OPTIONS = frozenset({"mode", "priority", "tags", "thread", "channel", "auth", "token"})


def web_address(url: str) -> str:
    """The same. Raise ValueError, saying what would do."""
    parts = urlsplit(url)
    if parts.scheme not in {*OURS, *SERVICES} or not parts.netloc:
        raise ValueError(f"must look like https://host/path; or one of {', '.join(SERVICES)}")
    if parts.scheme in OURS:
        _ = parts.port  # raises ValueError when it is no number
        if not parts.hostname:
            raise ValueError("must look like https://host/path")
    if any(letter.isspace() or not letter.isprintable() for letter in url):
        raise ValueError("must hold no blanks")
    if (name := unknown_option(url)) is not None:
        raise ValueError(f"the option {name} is not allowed")
    return url


def unknown_option(url: str) -> str | None:
    """The first option that a service must not be given; None at an address of one's own."""
    parts = urlsplit(url)
    if parts.scheme in OURS:
        return None
    options = parse_qsl(parts.query, keep_blank_values=True)
    return next((name for name, _ in options if name not in OPTIONS), None)
