"""What a service's pages are made of: its own folder, and what those of all services have in common."""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from babel.messages.catalog import Catalog
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from minutier.shared.identity.domain import Role
from minutier.shared.pages import assets, phrases
from minutier.shared.pages.preferences import Language

COMMON = Path(__file__).parent


class Look:
    """Templates, words and files of ``folder``, and of the common one where that has none of a name.

    The templates of ``folder`` say in ``base.html`` what is in the frame besides, and in ``house.html`` how
    the service calls itself.
    """

    def __init__(self, folder: Path, filters: Mapping[str, Callable[..., object]] | None = None) -> None:
        self.folders = (folder, COMMON)
        self._filters = {"fine": phrases.fine, **(filters or {})}
        self._environments: dict[Language, Environment] = {}

    @cached_property
    def catalogs(self) -> Mapping[Language, Catalog]:
        return {language: phrases.catalog(language, self.folders) for language in Language}

    @cached_property
    def assets(self) -> assets.Assets:
        """Kept in memory, with what scripts say as modules."""
        modules = {
            f"messages.{language}.js": phrases.module(catalog) for language, catalog in self.catalogs.items()
        }
        return assets.load(self.folders, modules)

    def environment(self, language: Language) -> Environment:
        """Templates that say everything in ``language``, and refuse what they are not given."""
        if language not in self._environments:
            self._environments[language] = self._environment(language)
        return self._environments[language]

    def _environment(self, language: Language) -> Environment:
        environment = Environment(
            loader=FileSystemLoader([folder / "templates" for folder in self.folders]),
            autoescape=True,
            undefined=StrictUndefined,
            # What a page was written from may be known again: see `Tags`.
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        environment.install_gettext_translations(  # type: ignore[attr-defined]
            phrases.translations(self.catalogs[language]), newstyle=True
        )
        environment.filters |= self._filters
        environment.globals |= {
            "asset": self.assets.url,
            "clock": phrases.clock,
            "numbers": lambda values: " ".join(map(str, values)),
            "languages": tuple(Language),
            "roles": Role,
        }
        return environment
