"""What bodies of requests have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# A source, a class or a label.
Term = Annotated[str, Field(min_length=1, max_length=64)]


class Asked(BaseModel):
    """A body that has nothing but what is known: a name that is misspelt is no wish for the default."""

    model_config = ConfigDict(extra="forbid")
