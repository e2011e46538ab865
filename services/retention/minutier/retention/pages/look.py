"""What the pages of retention are made of."""

from pathlib import Path

from minutier.shared.pages.look import Look

LOOK = Look(Path(__file__).parent)
