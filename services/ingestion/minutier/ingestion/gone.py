"""What is answered to whoever hands in what was purged."""

from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse

from minutier.shared.problems import problem

EXPLANATION = (
    "This recording was destroyed by a purge, and is not taken in again. If it is another one, hand it in "
    "under an id of its own; your organisation's compliance staff can tell about the purge."
)


def gone(**extensions: Any) -> JSONResponse:
    """``extensions`` are as those of `problem`."""
    return problem(HTTPStatus.GONE, EXPLANATION, reason="purged", **extensions)
