"""What every contract has in common."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Contract(BaseModel):
    """Immutable data that crosses a service boundary.

    Unknown fields are ignored, so that a producer may add one within a major version. What is
    refused is not quoted in the error: it may be speech or a name.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, hide_input_in_errors=True)


# What somebody outside may call people, meetings and recordings, at most.
NAME_CHARACTERS = 200
TITLE_CHARACTERS = 300
ID_CHARACTERS = 256

Seconds = Annotated[float, Field(ge=0, description="seconds")]
Probability = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Tenant = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="forms a path: letters, digits, dashes"),
]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$", description="ISO 639 code")]
# PostgreSQL stores every character but this one.
Text = Annotated[str, Field(pattern=r"^[^\x00]*$", description="without the character NUL")]


class Span(Contract):
    """A stretch of time, ``start`` included, ``end`` excluded."""

    start: Seconds
    end: Seconds

    @model_validator(mode="after")
    def ends_after_its_start(self) -> Self:
        if self.end < self.start:
            raise ValueError("a span ends at or after its start")
        return self


class Model(Contract):
    """What computed a document, so that a result can be explained and repeated."""

    name: str = Field(examples=["whisper-base"])
    revision: str = Field(description="digest of the weights, or the revision a hub gave")
    parameters: dict[str, str | int | float | bool | None] = Field(default_factory=dict)


def at_least_one_of(**fields: Mapping[str, Any]) -> ConfigDict:
    """JSON Schema for: at least one of these fields, as its schema has it."""
    present: list[Any] = [
        {"properties": {name: schema}, "required": [name]} for name, schema in fields.items()
    ]
    return ConfigDict(json_schema_extra={"anyOf": present})
