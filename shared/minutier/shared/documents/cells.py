"""Cells of a table that a spreadsheet shows and never computes."""

import re

# Spreadsheets of half of Europe part cells at semicolons, so a formula may begin after one as well.
_FORMULA = re.compile(r"""(^|;)([\s"]*)(?=[=+\-@＝＋－＠])""")


def inert(text: str) -> str:
    """``text`` with an apostrophe before whatever would begin a formula."""
    return _FORMULA.sub(r"\1\2'", text)
