"""What the pages of query are made of."""

from pathlib import Path

from minutier.query.pages.views.transcript import unnamed
from minutier.shared.pages.look import Look

LOOK = Look(Path(__file__).parent, {"unnamed": unnamed})
