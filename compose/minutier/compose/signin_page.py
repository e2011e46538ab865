"""The page of the local sign-in: who is there, and what each may do."""

import base64
import hashlib
from collections.abc import Mapping
from html import escape

from minutier.compose.people import APPROVER, COMPLIANCE, OUTSIDER, PARTICIPANT, PEOPLE

_STYLE = """
:root { color-scheme: light dark; --text: #1b1b1f; --quiet: #55565e; --back: #fbfbfd; --box: #fff;
  --line: #71727a; --strong: #1f4fb4; }
@media (prefers-color-scheme: dark) { :root { --text: #ececf1; --quiet: #b4b5bf; --back: #141519;
  --box: #1d1e24; --line: #8b8c96; --strong: #9dbbff; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem 1rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 34rem; margin: 0 auto; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; }
p { margin: 0 0 1.5rem; color: var(--quiet); }
ul { list-style: none; margin: 0; padding: 0; display: grid; gap: .75rem; }
button { width: 100%; padding: 1rem; text-align: start; font: inherit; color: inherit; cursor: pointer;
  background: var(--box); border: 1px solid var(--line); border-radius: .5rem; }
button:hover { border-color: var(--strong); }
button:focus-visible { outline: 3px solid var(--strong); outline-offset: 2px; }
strong { display: block; color: var(--strong); }
span { color: var(--quiet); }
"""
_STYLE_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_TEXTS = {
    "en": {
        "title": "Sign in to Minutier",
        "who": "This system runs on this machine alone, and asks for no password: whoever uses the machine "
        "may be any of these people. Whom do you want to be?",
        "left": "Signed out",
        "may go": "You may close this page.",
        PARTICIPANT.subject: "Owns the recordings that the command hands in: reads, corrects and shares "
        "them.",
        OUTSIDER.subject: "Was in no meeting: sees what is shared with them.",
        COMPLIANCE.subject: "Compliance officer: sees that recordings exist and who has read them, not what "
        "was said.",
        APPROVER.subject: "Another compliance officer: approves what the first has proposed.",
    },
    "fr": {
        "title": "Se connecter à Minutier",
        "who": "Ce système ne fonctionne que sur cette machine et ne demande pas de mot de passe : qui "
        "utilise la machine peut être n’importe laquelle de ces personnes. Qui voulez-vous être ?",
        "left": "Déconnexion effectuée",
        "may go": "Vous pouvez fermer cette page.",
        PARTICIPANT.subject: "Possède les enregistrements confiés par la commande : les lit, les corrige et "
        "les partage.",
        OUTSIDER.subject: "N’a participé à aucune réunion : voit ce qui est partagé avec elle ou lui.",
        COMPLIANCE.subject: "Responsable de la conformité : voit que des enregistrements existent et qui les "
        "a lus, mais pas ce qui a été dit.",
        APPROVER.subject: "Responsable de la conformité également : approuve ce que l’autre a proposé.",
    },
}


def language(accepted: str) -> str:
    """Whichever of ours an ``Accept-Language`` likes best; English where it says nothing of either."""
    weighed = []
    for place, part in enumerate(accepted.split(",")[:20]):
        tag, _, parameter = part.partition(";")
        name = tag.strip().lower().partition("-")[0]
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            weight = 0.0
        if name in _TEXTS and weight > 0:
            weighed.append((-weight, place, name))
    return min(weighed)[2] if weighed else "en"


def policy(*targets: str) -> str:
    """A Content-Security-Policy that lets forms lead to ``targets`` and here."""
    forms = " ".join(("'self'", *targets))
    return (
        f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; form-action {forms}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def choice(accepted: str, hidden: Mapping[str, str]) -> str:
    """Everybody as a button of one form, which sends ``hidden`` along."""
    texts = _TEXTS[language(accepted)]
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in hidden.items()
    )
    people = "".join(
        f'<li><button name="person" value="{escape(person.subject)}"><strong>{escape(person.name)}</strong>'
        f"<span>{escape(texts[person.subject])}</span></button></li>"
        for person in PEOPLE.values()
    )
    form = f'<form method="post" action="/authorize">{fields}<ul>{people}</ul></form>'
    return _document(accepted, texts["title"], texts["who"], form)


def farewell(accepted: str) -> str:
    texts = _TEXTS[language(accepted)]
    return _document(accepted, texts["left"], texts["may go"])


def _document(accepted: str, title: str, text: str, rest: str = "") -> str:
    return (
        f'<!doctype html><html lang="{language(accepted)}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1><p>{escape(text)}</p>{rest}</main></body></html>"
    )
