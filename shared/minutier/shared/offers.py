"""The models that a stage offers, by the names that people choose them by."""

from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import AfterValidator

from minutier.schemas.events import ModelName
from minutier.shared.errors import Permanent

DEFAULT = "default"

M = TypeVar("M")


def _leave_default(models: dict[str, str]) -> dict[str, str]:
    if DEFAULT in models:
        raise ValueError(f"'{DEFAULT}' is the model that is used where none is asked for: set that by itself")
    return models


# Those beside the default, each as the setting of the default would name it.
Models = Annotated[dict[ModelName, str], AfterValidator(_leave_default)]


def chosen(offered: Mapping[str, M], name: str | None) -> M:
    """What is called so, or the default. Raises `Permanent` (``unknown_model``)."""
    try:
        return offered[name or DEFAULT]
    except KeyError:
        raise Permanent("unknown_model") from None
