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


def _cues(*, decision: str, denial: str, promise: str, idle: str, due: str) -> Cues:
    return Cues(
        decision=re.compile(rf"\b(?:{decision})\b", _FLAGS),
        denial=re.compile(rf"\b(?:{denial})\b", _FLAGS),
        promise=re.compile(rf"\b(?:{promise})(?:(?<!\w)|(?!\w))", _FLAGS),
        idle=re.compile(rf"(?:{idle})\b", _FLAGS),
        due=re.compile(rf"\b(?:{due})\b", _FLAGS),
    )


_EN = _cues(
    decision=r"""
        we(?:['’]ve)? (?:\s+[\w'’]+){0,3}? \s+ (?:decided|agreed|settled\s+on|resolved\s+to)
        | let['’]s\s+go\s+with | we['’]re\s+going\s+with | we\s+are\s+going\s+with
        | (?:it['’]s|that['’]s|it\s+is|that\s+is) (?:\s+\w+)? \s+ (?:decided|agreed|settled)
        | (?:is|are|was|were|been) (?:\s+\w+)? \s+ (?:approved|adopted|agreed\s+on|agreed\s+upon)
        | (?:the|our)\s+decision\s+is
    """,
    denial=r"""
        not | never | no | nothing | nobody | neither | hardly | \w+n['’]t | if | unless | until | once
        | when | whether
        | before | after | should | would | could | might | must | will | need | needs | want | hope | wish
    """,
    promise=r"""
        I['’]ll(?:\s+(?:also|just|then|definitely))?
        | I\s+(?:will|shall)(?:\s+(?:also|just|then|definitely))?
        | I(?:\s+am|['’]m)\s+(?:going\s+to|gonna) | let\s+me\s+take | I\s+can\s+take | I\s+promise\s+to
    """,
    idle=r"""
        not | never | be | have\s+to | say | tell\s+you | admit | see | guess | bet | assume | believe
        | think | stop | wait
        | start | begin | skip | repeat | explain | show\s+you | read | go\s+(?:first|next|ahead|through
        |over|back|on)
        | just | get\s+(?:to|back\s+to)\s+(?:that|it|this) | come\s+(?:to|back) | leave\s+it
        | give\s+you\s+an\s+example | miss
        | need | want | like | love | die | probably\s+not
    """,
    due=r"""
        (?:by|before|until|on)\s+(?:the\s+end\s+of\s+(?:(?:the|this|next)\s+)?(?:day|week|month|quarter|year)
            |(?:next\s+|this\s+)?(?:mon|tues|wednes|thurs|fri|satur|sun)day(?:\s+(?:morning|afternoon
            |evening|night))?
            |tomorrow|tonight|noon|next\s+(?:week|month|year)|the\s+next\s+meeting
            |(?:the\s+)?\d{1,2}(?:st|nd|rd|th)?(?:\s+of)?\s+(?:january|february|march|april|may|june|july
            |august
            |september|october|november|december)
            |(?:january|february|march|april|may|june|july|august|september|october|november|december)
            (?:\s+(?:the\s+)?\d{1,2}(?:st|nd|rd|th)?)?)
        | (?:this|tomorrow)\s+(?:morning|afternoon|evening) | this\s+week | next\s+(?:week|month|(?:mon
        |tues|wednes|thurs|fri)day)
        | tomorrow | tonight | today
    """,
)

_FR = _cues(
    decision=r"""
        (?:on|nous) \s+ (?:(?:en|l['’]|y|vous|nous)\s*)? (?:a|avons|est|sommes) (?:\s+[\w'’]+){0,2}?
            \s+ (?:décidé|convenu|convenus|acté|validé|tranché|retenu|adopté|approuvé|tombés?\s+d['’]accord)
        | (?:c['’]est|c['’]était|(?:est|a\s+été|ont\s+été|sont)) (?:\s+\w+)? \s+
            (?:décidée?s?|actée?s?|adoptée?s?|approuvée?s?|validée?s?)
        | on\s+part\s+(?:donc\s+)?sur | la\s+décision\s+est | on\s+est\s+(?:tous\s+)?d['’]accord\s+(?:pour
        |sur|que)
    """,
    denial=r"""
        pas | jamais | rien | aucune? | ni | personne | si | s['’]il | quand | lorsque | avant | après
        | une\s+fois
        | tant | devrait | faudrait | aurait | aurions | avions | voudrait | pourrait | doit | faut
    """,
    promise=r"""
        je\s+(?:vais|m['’]en\s+(?:charge|occupe)|me\s+charge\s+(?:de|d['’])|m['’]occupe\s+(?:de|d['’])
        |m['’]engage\s+à
            |prends\s+(?:ça|cela|le\s+sujet))
        | je\s+(?:(?:te|vous|lui|leur|le|la|les|[lt]['’]|m['’]en|y)\s*){0,2}
            (?=(?:enverrai|ferai|préparerai|rédigerai|appellerai|écrirai|contacterai|rappellerai|transmettrai
            |vérifierai|organiserai|réserverai|chargerai|occuperai|demanderai|regarderai|mettrai|prendrai)\b)
    """,
    idle=r"""
        pas | plus | jamais | bien | mal | être | (?:vous|te|le|la|y)?\s*(?:dire|voir|avouer|reconnaître
        |commencer|répéter
        |expliquer|passer|laisser|finir|terminer|arrêter|essayer\s+d['’]être|rester|revenir|attendre
        |montrer|réfléchir|penser)
        | (?:à|au|aux|chez|en|dans|sur|vers)\s | juste\s+dire | donc\s+(?:commencer|laisser|passer)
    """,
    due=r"""
        (?:d['’]ici(?:\s+à)?|avant|pour|dès|au\s+plus\s+tard) \s+ (?:(?:le|la|l['’])\s*)?
            (?:demain|(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)(?:\s+(?:prochain|matin|soir
            |après-midi))?
            |ce\s+soir|fin\s+de\s+(?:la\s+semaine|semaine|mois|l['’]année)|semaine\s+prochaine|mois\s+prochain
            |prochaine\s+réunion|\d{1,2}(?:er)?\s+(?:janvier|février|mars|avril|mai|juin|juillet|août
            |septembre|octobre
            |novembre|décembre))
        | demain(?:\s+(?:matin|soir|après-midi))? | (?:la\s+)?semaine\s+prochaine | le\s+mois\s+prochain
        | ce\s+soir
        | cet\s+après-midi | aujourd['’]hui | cette\s+semaine
        | (?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)(?:\s+(?:prochain|matin|soir))?
    """,
)

_DE = _cues(
    decision=r"""
        (?:wir\s+haben|haben\s+wir) (?:\s+[\w-]+){0,12}? \s+
            (?:beschlossen|entschieden|vereinbart|abgemacht|festgelegt|verabschiedet|uns\s+geeinigt
            |darauf\s+geeinigt|geeinigt)
        | wir\s+einigen\s+uns | wir\s+(?:entscheiden|einigen)\s+uns\s+(?:also\s+)?(?:für|auf)
        | (?:ist|sind|wurde|wurden|gilt) (?:\s+[\w-]+){0,4}? \s+ (?:beschlossen|entschieden|angenommen
        |genehmigt|vereinbart)
        | (?:die|unsere)\s+Entscheidung\s+ist
    """,
    denial=r"""
        nicht | nie | niemals | nichts | niemand | kein\w* | noch\s+offen | wenn | falls | bevor | bis
        | sobald | ob | nachdem
        | müssen | müssten | sollten | sollen | würden | könnten | hätten | wollen
    """,
    promise=r"""
        ich\s+(?:werde|kümmere\s+mich|übernehme|erledige|schicke|sende|bereite|organisiere|rufe|schreibe
        |kläre|besorge
            |melde\s+mich|reserviere|bestelle|informiere|frage(?!\s+mich))
        | (?:dann|das|morgen|da|heute|also)\s+(?:werde|übernehme|erledige|schicke|kläre|mache)\s+ich
    """,
    idle=r"""
        (?:(?!\b(?:und|dass|,)\b).)*? \b (?:nicht|nie|niemals|nichts|kein\w*) | (?:jetzt\s+|mal\s+
        |ganz\s+)*ehrlich | krank
        | müde | alt | verrückt | wahnsinnig | sehen | mal\s+sehen | mich\s+(?:kurz|auch\s+kurz)
        | kurz\s+(?:sagen|erklären|fassen)
        | (?:(?:das|es|euch|ihnen|jetzt|mal|kurz|einmal)\s+)+(?:sagen|erklären|zeigen|vorstellen|vorlesen
        |wiederholen)
        | mich\s*$ | mich\s+(?:ob|gerade|immer|nur) | dir\s+sagen | ungern
    """,
    due=r"""
        (?:bis|vor|am|zum|spätestens(?:\s+(?:bis|am))?) \s+ (?:(?:zum|zur|den|dem|kommenden|nächsten)\s+){0,2}
            (?:morgen|heute(?:\s+Abend)?|(?:mon|diens|donners|frei|sams|sonn)tag(?:abend|mittag
            |nachmittag)?|mittwoch
            |nächste\s+Woche|nächsten\s+Monat|Ende\s+(?:der\s+Woche|des\s+Monats|nächster\s+Woche
            |des\s+Jahres)
            |(?:Monats|Wochen|Jahres)ende|nächsten\s+(?:Sitzung|Treffen)|\d{1,2}\.\s*(?:Januar|Februar|März
            |April|Mai|Juni
            |Juli|August|September|Oktober|November|Dezember))
        | morgen(?:\s+(?:früh|Abend|Nachmittag))? | heute(?:\s+(?:noch|Abend|Nachmittag))? | (?:nächste
        |diese)\s+Woche
        | nächsten\s+Monat
    """,
)

_NL = _cues(
    decision=r"""
        (?:we|wij)\s+hebben (?:\s+[\w-]+){0,10}? \s+ (?:besloten|afgesproken|beslist|vastgesteld
        |goedgekeurd|gekozen\s+voor)
        | hebben\s+(?:we|wij) (?:\s+[\w-]+){0,10}? \s+ (?:besloten|afgesproken|beslist|vastgesteld
        |goedgekeurd)
        | (?:is|zijn|was|werd|werden) (?:\s+[\w-]+){0,4}? \s+ (?:besloten|afgesproken|goedgekeurd
        |aangenomen|vastgesteld)
        | (?:we|wij)\s+(?:gaan|kiezen)\s+(?:dus\s+)?voor | (?:het|ons)\s+besluit\s+is
    """,
    denial=r"""
        niet | nooit | niets | niks | niemand | geen | als | indien | voordat | nadat | zodra | totdat
        | tot | of | wanneer
        | moeten | zouden | zullen | willen | hadden
    """,
    promise=r"""
        ik\s+(?:zal|ga|regel|stuur|neem\s+(?=.*\b(?:op\s+me|op\s+mij|contact\s+op|mee)\b)|verstuur|bel|maak
        |zorg\s+(?:dat|voor|ervoor)
            |pak\s+(?:dat|het)\s+op|vraag|mail|schrijf|boek|bestel|controleer)
        | (?:dan|dat|morgen|daar)\s+(?:zal|ga|regel|stuur|doe)\s+ik
    """,
    idle=r"""
        (?:(?!\b(?:en|dat)\b).)*? \b (?:niet|nooit|niets|niks|geen) | (?:even\s+|maar\s+|heel\s+)*eerlijk
        | zien | wel\s+zien
        | (?:er)?(?:mee|van)\s+akkoord | akkoord | ermee\s+akkoord | ervan\s+uit | ervanuit | naar | weg
        | dood | even\s+(?:zeggen|kijken)
        | (?:(?:het|dat|jullie|je|u|nu|even|kort|eens)\s+)+(?:zeggen|uitleggen|laten\s+zien|herhalen
        |vertellen|voorlezen)
        | me\s+(?:af|zorgen) | mij\s+af | zeggen | beginnen
    """,
    due=r"""
        (?:voor|tegen|uiterlijk|op|vóór) \s+ (?:(?:het|de|komende|aanstaande)\s+){0,2}
            (?:morgen|vanavond|(?:maan|dins|woens|donder|vrij|zater|zon)dag(?:ochtend|middag|avond)?
            |volgende\s+(?:week|maand|vergadering)|eind(?:e)?\s+(?:van\s+(?:de\s+week|de\s+maand
            |het\s+jaar)|deze\s+week|volgende\s+week)
            |\d{1,2}\s+(?:januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november
            |december))
        | morgen(?:ochtend|middag|avond)? | vandaag | vanavond | vanmiddag | (?:volgende|deze)\s+week
        | volgende\s+maand
    """,
)

CUES: Mapping[str, Cues] = {"en": _EN, "fr": _FR, "de": _DE, "nl": _NL}
