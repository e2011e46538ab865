"""The few words of each language that rules on minutes need to know."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Lexicon:
    """All words in lower case. ``stemmer`` is Snowball's name of the language.

    ``function`` words carry no content, among them the fillers of speech; ``reporting`` words are
    those with which minutes tell that something was said. ``numbers`` leaves out a word that is
    an article too; ``calendar`` leaves out a month that is a common word too.
    ``names_are_capitalised`` alone is false where every noun is.
    """

    stemmer: str
    function: frozenset[str]
    reporting: frozenset[str]
    numbers: dict[str, int]
    calendar: frozenset[str]
    names_are_capitalised: bool = True


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


def _numbers(low: str, tens: str, hundred: str, thousand: str, *, start: int = 2) -> dict[str, int]:
    """``low`` counts up from ``start``, ``tens`` from 20."""
    return {
        **{word: value for value, word in enumerate(low.split(), start)},
        **{word: value for value, word in zip(range(20, 100, 10), tens.split(), strict=False)},
        **dict.fromkeys(hundred.split(), 100),
        **dict.fromkeys(thousand.split(), 1000),
    }


_EN = Lexicon(
    stemmer="english",
    function=_words(
        "a about above actually after again ah all also am an and any are aren as at basically be because",
        "been before being below between both but by can cannot could couldn d did didn do does doesn",
        "doing don down during each eh else er ever every few for from further get gets getting go goes",
        "going gone gonna got had hadn has hasn have haven having he hello her here hers herself hey hi",
        "him himself his hm hmm how however huh i if in into is isn it its itself just kind know let lets",
        "like ll m make makes may maybe me mean mhm might mine mm more most much must my myself no nor",
        "not now of off oh ok okay on once one ones only or other our ours ourselves out over own perhaps",
        "quite rather re really right s said same say says see shall she should shouldn so some something",
        "sort still such t than thank thanks that the their theirs them themselves then there these they",
        "thing things think this those though through to too uh um under until up us ve very want wanted",
        "was wasn we well were weren what when where whether which while who whom whose why will with won",
        "would wouldn yeah yes yet you your yours yourself",
    ),
    reporting=_words(
        "agree agreed agrees announce announced announces ask asked asks conclude concluded decide",
        "decided decides decision decisions discuss discussed discusses discussion explain explained",
        "explains group meeting meetings mention mentioned mentions participant participants people plan",
        "plans propose proposed proposes question report reported reports speaker speakers state stated",
        "states suggest suggested suggests talk talked talks team tell tells told",
    ),
    numbers=_numbers(
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen",
        "twenty thirty forty fifty sixty seventy eighty ninety",
        "hundred",
        "thousand",
    ),
    calendar=_words(
        "april august december february friday january july june monday november october saturday",
        "september sunday thursday today tomorrow tonight tuesday wednesday yesterday",
    ),
)

_FR = Lexicon(
    stemmer="french",
    function=_words(
        "a afin ah ai aie ainsi alors après as assez au aucun aucune aussi autre autres aux avaient avais",
        "avait avant avec avez aviez avions avoir avons ayant bah beaucoup ben bien bon bref c car ce",
        "ceci cela ces cet cette ceux chaque chez chose choses ci comme comment d dans de depuis des dire",
        "dis disons dit donc dont du dès déjà eh elle elles en encore enfin entre es est et eu euh eux",
        "faire fais fait faut font genre hein hors hum ici il ils j jamais je jusqu jusque l la le les",
        "leur leurs lors lui là m ma mais merci mes moi moins mon même n ne ni non nos notre nous ok on",
        "ont ou ouais oui où par parce pas pendant peu peut peux plus plusieurs pour pourquoi pouvoir",
        "près puis qu quand que quel quelle quelles quels qui quoi rien s sa sans se sera serait ses si",
        "sinon soi soit sommes son sont sous suis sur t ta tant te tel tels tes toi ton toujours tous",
        "tout toute toutes trop très tu un une va vais vas vers veut veux voici voilà vont vos votre vous",
        "y à ça étaient étais était étant été être",
    ),
    reporting=_words(
        "accord annonce annoncer annoncé convenu demande demandé discussion discute discuté décide",
        "décident décidé décision décisions explique expliqué groupe indique indiqué intervenant",
        "mentionne mentionné participant participante participants personne personnes propose proposé",
        "précise précisé présente question rapporte rapporté réunion signale signalé suggère suggéré",
        "équipe évoque évoqué",
    ),
    numbers=_numbers(
        "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize "
        "dix-sept dix-huit dix-neuf",
        "vingt trente quarante cinquante soixante soixante-dix quatre-vingts quatre-vingt-dix",
        "cent cents",
        "mille",
    ),
    calendar=_words(
        "août aujourd'hui avril demain dimanche décembre février hier janvier jeudi juillet juin lundi",
        "mai mardi mercredi novembre octobre samedi septembre vendredi",
    ),
)

_DE = Lexicon(
    stemmer="german",
    function=_words(
        "aber alle allem allen aller alles als also am an andere anderen anderer anderes auch auf aus bei",
        "beim bin bis bist bitte da dabei dafür damit danach danke dann daran darauf darüber das dass",
        "dein deine dem den denn der deren des deshalb dessen dich die dies diese diesem diesen dieser",
        "dieses dir doch dort du durch eben ein eine einem einen einer eines einfach einige einmal er es",
        "etwas euch euer eure für ganz gar gegen gehen geht genau gerade gern gesagt gibt gut hab habe",
        "haben habt halt hat hatte hatten hier hin hm ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im",
        "immer in ins ist ja jede jedem jeden jeder jedes jetzt kann kannst kein keine keinem keinen",
        "keiner können könnte könnten lassen machen macht mal man mehr mein meine meinem meinen meiner",
        "mhm mich mir mit muss mögen müssen müsste nach naja nein nicht nichts noch nun nur ob oder ohne",
        "ok okay quasi sagen sagt schon sehr sein seine seinem seinen seiner seit selbst sich sie sind so",
        "soll sollen sollte sollten sondern sonst um und uns unser unsere unserem unseren unter vom von",
        "vor war waren was weil welche welchen welcher wenn wer werde werden wie wieder will wir wird wo",
        "wollen worden wurde wurden würde würden zu zum zur zwar zwischen äh ähm über",
    ),
    reporting=_words(
        "angekündigt ankündigt bericht berichtet beschließen beschließt beschlossen beschluss besprechen",
        "besprechung besprochen diskutiert entscheiden entscheidet entscheidung entschieden erklärt",
        "erläutert erwähnt frage fragt gefragt gruppe leute personen schlägt sitzung sprecher sprecherin",
        "team teilnehmende teilnehmenden teilnehmer teilnehmerin treffen vereinbart vorgeschlagen",
    ),
    numbers=_numbers(
        "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn "
        "sechzehn siebzehn achtzehn neunzehn",
        "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
        "hundert einhundert",
        "tausend eintausend",
    ),
    calendar=_words(
        "april august dezember dienstag donnerstag februar freitag gestern heute januar juli juni mai",
        "mittwoch montag märz november oktober samstag september sonnabend sonntag",
    ),
    names_are_capitalised=False,
)

_NL = Lexicon(
    stemmer="dutch",
    function=_words(
        "aan al alle alleen alles als altijd ander andere anders bedankt ben bent bij daar daarom dan",
        "dank dat de deze die dit doe doen doet door dus echt een eens eerst eh ehm eigenlijk elk elke en",
        "er ergens even ga gaan gaat geen gewoon gezegd goed had hadden heb hebben hebt heeft heel hem",
        "hen het hier hij hm hoe hun hè iedereen iemand iets ik in is ja je jij jou jouw jullie kan kun",
        "kunnen laat laten maar me mee meer met mij mijn misschien moet moeten na naar nee niet niets nog",
        "nou nu of ok oké om omdat onder ons onze ook op over te tegen terug tja toch toen tot tussen u",
        "uit uw van vanuit veel voor waar waarom wanneer want waren was wat we weer wel welk welke werd",
        "wie wij wil willen word worden wordt zal ze zeg zeggen zegt zei zelf zich zij zijn zo zoals zou",
        "zouden zullen",
    ),
    reporting=_words(
        "afgesproken afspraak beslissen beslissing beslist besloten besluit besluiten bespreekt besproken",
        "deelnemer deelnemers gevraagd groep kondigt legt meldt mensen noemt overleg personen spreker",
        "stelt team uitgelegd vergadering vertelt voorgesteld vraag vraagt",
    ),
    numbers=_numbers(
        "twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien "
        "zeventien achttien negentien",
        "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
        "honderd",
        "duizend",
    ),
    calendar=_words(
        "april augustus december dinsdag donderdag februari gisteren januari juli juni maandag maart mei",
        "november oktober september vandaag vrijdag woensdag zaterdag zondag",
    ),
)

LEXICONS = {"en": _EN, "fr": _FR, "de": _DE, "nl": _NL}
