"""What a model is asked, in the meeting's language; the words lie in one file a language beside this."""

import hashlib
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from string import Template

LANGUAGES = ("de", "en", "fr", "nl")


@dataclass(frozen=True)
class Prompts:
    """Each with ``$names`` to be filled in by `fill`."""

    role: str
    facts: str
    outline: str
    text: str
    verify: str
    repair: str
    form: str
    statement: str
    passages: str
    topic: str

    @property
    def longest(self) -> str:
        """All that any one request says besides what it is about, asked a second time."""
        request = max((self.facts, self.outline, self.text, self.verify), key=len)
        return "\n".join((self.role, self.form, request, self.repair))


def fill(prompt: str, **values: object) -> str:
    """The values are put in once: a ``$name`` that was spoken stays what it is."""
    return Template(prompt).substitute(values).strip()


@lru_cache(maxsize=16)
def prompts_in(language: str) -> Prompts:
    """In English for other than `LANGUAGES`, asking to write in the meeting's language."""
    file = language if language in LANGUAGES else "en"
    texts = tomllib.loads(_read(file).decode())
    same, other = texts.pop("same_language", ""), texts.pop("other_language", "")
    wanted = same if file == language else fill(other, code=language)
    return Prompts(**{**texts, "role": fill(texts["role"], language=wanted)})


@lru_cache(maxsize=1)
def revision() -> str:
    """Of all prompts: changes with any of them."""
    return hashlib.sha256(b"".join(map(_read, LANGUAGES))).hexdigest()[:12]


def _read(language: str) -> bytes:
    return files(__package__).joinpath(f"{language}.toml").read_bytes()
