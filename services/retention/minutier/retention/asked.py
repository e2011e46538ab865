"""What bodies of requests have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# What people write: without control characters, and on one line or with ends of lines and tabs.
Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Text = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$")]
# A source, a class or a label.
Term = Annotated[Line, Field(min_length=1, max_length=64)]


class Asked(BaseModel):
    """A body that has nothing but what is known: a name that is misspelt is no wish for the default."""

    model_config = ConfigDict(extra="forbid")
