"""The phrases with which people decide and promise, by language.

A phrase counts only where nothing before it in its clause denies it, supposes it or puts it off:
"we haven't decided", "if we had agreed", "once we have decided" decide nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_FLAGS = re.IGNORECASE | re.VERBOSE
_CLAUSE = re.compile(r"[,;:–—]\s|\b(?:but|mais|aber|maar)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Cues:
    """``promise`` ends where what is promised begins; ``idle`` is what may follow it without being work."""

    decision: re.Pattern[str]
    denial: re.Pattern[str]
    promise: re.Pattern[str]
    idle: re.Pattern[str]
    due: re.Pattern[str]

    def decides(self, sentence: str) -> bool:
        return any(not self._denied(sentence, found.end()) for found in self.decision.finditer(sentence))

    def promised(self, sentence: str) -> str | None:
        """What the speaker promises to do, as said; all of it where the phrase leaves nothing after it."""
        for found in self.promise.finditer(sentence):
            rest = sentence[found.end() :].strip(" ,.!…")
            if not self._denied(sentence, found.start()) and not self.idle.match(rest):
                return rest if len(rest.split()) >= 2 else sentence.strip(" ,.!…")
        return None

    def due_in(self, sentence: str) -> str | None:
        """By when, as it was said."""
        found = self.due.search(sentence)
        return found.group(0) if found else None

    def _denied(self, sentence: str, end: int) -> bool:
        """Whether the clause that ``end`` lies in is denied before it."""
        clause = max((cut.end() for cut in _CLAUSE.finditer(sentence, 0, end)), default=0)
        return self.denial.search(sentence, clause, end) is not None


def _cues(*, decision: str, denial: str, promise: str, idle: str, due: str, day: str, month: str) -> Cues:
    """Patterns in which spaces are written out; ``<day>`` and ``<month>`` stand for their names."""
    due = due.replace("<day>", f"(?:{day})").replace("<month>", f"(?:{month})")
    return Cues(
        decision=re.compile(rf"\b(?:{decision})\b", _FLAGS),
        denial=re.compile(rf"\b(?:{denial})\b", _FLAGS),
        # What is promised begins with a word, or with the space before one.
        promise=re.compile(rf"\b(?:{promise})(?:(?<!\w)|(?!\w))", _FLAGS),
        idle=re.compile(rf"(?:{idle})\b", _FLAGS),
        due=re.compile(rf"\b(?:{due})\b", _FLAGS),
    )


_EN = _cues(
    decision=r"""
        we(?:['’]ve)? (?:\s+[\w'’]+){0,3}? \s+ (?:decided|agreed|settled\s+on|resolved\s+to)
        | let['’]s\s+go\s+with | we(?:['’]re|\s+are)\s+going\s+with
        | (?:it['’]s|that['’]s|it\s+is|that\s+is) (?:\s+\w+)? \s+ (?:decided|agreed|settled)
        | (?:is|are|was|were|been) (?:\s+\w+)? \s+ (?:approved|adopted|agreed\s+(?:on|upon|that|to))
        | (?:the|our)\s+decision\s+is
    """,
    denial=r"""
        not | never | no | nothing | nobody | neither | hardly | \w+n['’]t
        | if | unless | until | once | when | whether | before | after
        | should | would | could | might | must | will | need | needs | want | hope | wish
    """,
    promise=r"""
        I['’]ll(?:\s+(?:also|just|then|definitely))?
        | I\s+(?:will|shall)(?:\s+(?:also|just|then|definitely))?
        | I(?:\s+am|['’]m)\s+(?:going\s+to|gonna)
        | I\s+promise\s+to
    """,
    idle=r"""
        not | never | always | probably\s+not | an? | the | my | be | try\s+to\s+be | let\s+you | have\s+to
        | need | want | like | love | die | miss | just
        | say | tell\s+you | admit | see | guess | bet | assume | believe | think | explain | repeat
        | show\s+you | give\s+you\s+an\s+example | read | start | begin | stop | skip | wait | leave\s+it
        | go\s+(?:first|next|ahead|through|over|back|on)
        | get\s+(?:to|back\s+to)\s+(?:that|it|this) | come\s+(?:to|back)
    """,
    due=r"""
        (?:by|before|until|on) \s+ (?:
            the\s+end\s+of\s+(?:(?:the|this|next)\s+)?(?:day|week|month|quarter|year)
            | (?:(?:next|this)\s+)?<day>(?:\s+(?:morning|afternoon|evening|night))?
            | (?:the\s+)?\d{1,2}(?:st|nd|rd|th)?(?:\s+of)?\s+<month>
            | <month>(?:\s+(?:the\s+)?\d{1,2}(?:st|nd|rd|th)?)?
            | tomorrow | tonight | noon | next\s+(?:week|month|year) | the\s+next\s+meeting
        )
        | (?:this|tomorrow)\s+(?:morning|afternoon|evening) | tomorrow | tonight | today
        | this\s+week | next\s+(?:week|month|<day>)
    """,
    day="monday|tuesday|wednesday|thursday|friday|saturday|sunday",
    month="january|february|march|april|may|june|july|august|september|october|november|december",
)

_FR = _cues(
    decision=r"""
        (?:on|nous) \s+ (?:(?:en|l['’]|y|vous|nous)\s*)? (?:a|avons|est|sommes) (?:\s+[\w'’]+){0,2}? \s+
            (?:décidé|convenus?|acté|validé|tranché|retenu|adopté|approuvé|tombés?\s+d['’]accord)
        | (?:c['’]est|c['’]était|est|sont|a\s+été|ont\s+été) (?:\s+\w+)? \s+
            (?:décidée?s?|actée?s?|adoptée?s?|approuvée?s?|validée?s?)
        | on\s+part\s+(?:donc\s+)?sur
        | on\s+est\s+(?:tous\s+)?d['’]accord\s+(?:pour|sur|que)
        | la\s+décision\s+est
    """,
    denial=r"""
        pas | jamais | rien | aucune? | ni | personne
        | si | s['’]il | quand | lorsque | avant | après | une\s+fois | tant
        | devrait | faudrait | aurait | aurions | avions | voudrait | pourrait | doit | faut
    """,
    promise=r"""
        je \s+ (?:vais | m['’]en\s+(?:charge|occupe) | me\s+charge\s+(?:de|d['’])
            | m['’]occupe\s+(?:de|d['’]) | m['’]engage\s+à | prends\s+(?:ça|cela|le\s+sujet))
        | je \s+ (?:(?:te|vous|lui|leur|le|la|les|[lt]['’]|m['’]en|y)\s*){0,2}
            (?=(?:appellerai|chargerai|contacterai|demanderai|écrirai|enverrai|ferai|mettrai|occuperai
            |organiserai|prendrai|préparerai|rappellerai|rédigerai|regarderai|réserverai|transmettrai
            |vérifierai|contacte|envoie|prépare|rédige|réserve|transmets)\b)
    """,
    idle=r"""
        pas | plus | jamais | bien | mal | mieux | être | essayer\s+d['’]être
        | juste\s+dire | (?:à|au|aux|chez|en|dans|sur|vers)\s
        | (?:(?:donc|vous|te|le|la|y)\s+)? (?:attendre|arrêter|avouer|commencer|dire|expliquer|finir
            |laisser|montrer|passer|penser|reconnaître|réfléchir|répéter|rester|revenir|terminer|voir)
    """,
    due=r"""
        (?:d['’]ici(?:\s+à)?|avant|pour|dès|au\s+plus\s+tard) \s+ (?:(?:le|la|l['’])\s*)? (?:
            demain | ce\s+soir | <day>(?:\s+(?:prochain|matin|soir|après-midi))?
            | \d{1,2}(?:er)?\s+<month> | semaine\s+prochaine | mois\s+prochain | prochaine\s+réunion
            | fin\s+de\s+(?:la\s+semaine|semaine|mois|l['’]année)
        )
        | demain(?:\s+(?:matin|soir|après-midi))? | aujourd['’]hui | ce\s+soir | cet\s+après-midi
        | cette\s+semaine | (?:la\s+)?semaine\s+prochaine | le\s+mois\s+prochain
        | <day>(?:\s+(?:prochain|matin|soir))?
    """,
    day="lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche",
    month="janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre",
)

_DE = _cues(
    decision=r"""
        (?:wir\s+haben|haben\s+wir) (?:\s+[\w-]+){0,12}? \s+
            (?:beschlossen|entschieden|vereinbart|abgemacht|festgelegt|verabschiedet|geeinigt)
        | wir\s+einigen\s+uns | wir\s+entscheiden\s+uns\s+(?:also\s+)?für
        | (?:ist|sind|wurde|wurden|gilt) (?:\s+[\w-]+){0,4}? \s+
            (?:beschlossen|entschieden|angenommen|genehmigt|vereinbart)
        | (?:die|unsere)\s+Entscheidung\s+ist
    """,
    denial=r"""
        nicht | nie | niemals | nichts | niemand | kein\w* | noch\s+offen
        | wenn | falls | bevor | bis | sobald | ob | nachdem
        | müssen | müssten | sollten | sollen | würden | könnten | hätten | wollen
    """,
    promise=r"""
        ich \s+ (?:werde | kümmere\s+mich | melde\s+mich | frage(?!\s+mich) | bereite | besorge | bestelle
            | erledige | informiere | kläre | organisiere | reserviere | rufe | schicke | schreibe | sende
            | übernehme)
        | (?:also|da|dann|das|heute|morgen) \s+ (?:erledige|kläre|mache|schicke|übernehme|werde) \s+ ich
    """,
    idle=r"""
        (?:(?!\b(?:und|dass)\b).)*? \b (?:nicht|nie|niemals|nichts|kein\w*)
        | (?:(?:jetzt|mal|ganz)\s+)*ehrlich | krank | müde | alt | verrückt | wahnsinnig | (?:un)?gern
        | (?:mal\s+)?sehen | mich\s+(?:auch\s+)?kurz | mich\s+(?:gerade|immer|nur) | dir\s+sagen
        | (?:(?:das|es|euch|ihnen|jetzt|mal|kurz|einmal)\s+)+
            (?:erklären|fassen|sagen|vorlesen|vorstellen|wiederholen|zeigen)
    """,
    due=r"""
        (?:bis|vor|am|zum|spätestens(?:\s+(?:bis|am))?) \s+
        (?:(?:zum|zur|den|dem|kommenden|nächsten)\s+){0,2} (?:
            morgen | heute(?:\s+Abend)? | <day>(?:mittag|nachmittag|abend)?
            | \d{1,2}\.\s*<month> | nächste\s+Woche | nächsten\s+Monat | (?:Wochen|Monats|Jahres)ende
            | Ende\s+(?:der\s+Woche|nächster\s+Woche|des\s+Monats|des\s+Jahres) | (?:Sitzung|Treffen)
        )
        | morgen(?:\s+(?:früh|Nachmittag|Abend))? | heute(?:\s+(?:noch|Nachmittag|Abend))?
        | (?:diese|nächste)\s+Woche | nächsten\s+Monat
    """,
    day="Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonnabend|Sonntag",
    month="Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember",
)

_NL = _cues(
    decision=r"""
        (?:(?:we|wij)\s+hebben|hebben\s+(?:we|wij)) (?:\s+[\w-]+){0,10}? \s+
            (?:afgesproken|beslist|besloten|goedgekeurd|vastgesteld|gekozen\s+voor)
        | (?:is|zijn|was|werd|werden) (?:\s+[\w-]+){0,4}? \s+
            (?:aangenomen|afgesproken|besloten|goedgekeurd|vastgesteld)
        | (?:we|wij)\s+(?:gaan|kiezen)\s+(?:dus\s+)?voor
        | (?:het|ons)\s+besluit\s+is
    """,
    denial=r"""
        niet | nooit | niets | niks | niemand | geen
        | als | indien | voordat | nadat | zodra | totdat | tot | of | wanneer
        | moeten | zouden | zullen | willen | hadden
    """,
    promise=r"""
        ik \s+ (?:zal | ga | bel | bestel | boek | controleer | mail | maak | regel | schrijf | stuur
            | verstuur | vraag | zorg\s+(?:dat|voor|ervoor) | pak\s+(?:dat|het)\s+op
            | neem\s+(?=.*\b(?:op\s+me|op\s+mij|contact\s+op|mee)\b))
        | (?:daar|dan|dat|morgen) \s+ (?:doe|ga|regel|stuur|zal) \s+ ik
    """,
    idle=r"""
        (?:(?!\b(?:en|dat)\b).)*? \b (?:niet|nooit|niets|niks|geen)
        | (?:(?:even|maar|heel)\s+)*eerlijk | (?:wel\s+)?zien | (?:zo\s+)?naar | beginnen | zeggen
        | weg | dood
        | (?:(?:er)?(?:mee|van)\s+)?akkoord | ervan\s*uit | even\s+kijken | (?:me|mij)\s+af
        | me\s+zorgen
        | (?:(?:het|dat|jullie|je|u|nu|even|kort|eens)\s+)+
            (?:herhalen|laten\s+zien|uitleggen|vertellen|voorlezen|zeggen)
    """,
    due=r"""
        (?:voor|vóór|tegen|op|uiterlijk(?:\s+op)?) \s+ (?:(?:het|de|komende|aanstaande)\s+){0,2} (?:
            morgen | vanavond | <day>(?:ochtend|middag|avond)?
            | \d{1,2}\s+<month> | volgende\s+(?:week|maand|vergadering)
            | einde?\s+(?:van\s+(?:de\s+week|de\s+maand|het\s+jaar)|deze\s+week|volgende\s+week)
        )
        | morgen(?:ochtend|middag|avond)? | vandaag | vanmiddag | vanavond
        | (?:deze|volgende)\s+week | volgende\s+maand
    """,
    day="maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag",
    month="januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december",
)

CUES: Mapping[str, Cues] = {"en": _EN, "fr": _FR, "de": _DE, "nl": _NL}
