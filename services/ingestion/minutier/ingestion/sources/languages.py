"""How clients say which language is spoken."""

PATTERN = "^(auto|[A-Za-z]{2,3}([-_][A-Za-z0-9_-]*)?)?$"


def primary(tag: str) -> str | None:
    """Of ``fr-FR`` or ``fr_fr`` the language alone; nothing where it is empty, or to be detected."""
    language = tag.replace("_", "-").partition("-")[0].lower()
    return None if language in {"", "auto"} else language
