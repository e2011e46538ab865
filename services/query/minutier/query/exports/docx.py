"""Word (Office Open XML), with real headings, lists and links, so that it can be edited and read aloud."""

import io
from collections.abc import Callable
from datetime import UTC
from typing import TYPE_CHECKING, Any

from minutier.query.exports.domain import Exported
from minutier.query.exports.outline import Item, Outline, Passage, outline
from minutier.shared.documents.scripts import direction

if TYPE_CHECKING:
    from docx.document import Document
    from docx.styles.style import CharacterStyle, ParagraphStyle
    from docx.text.paragraph import Paragraph
    from docx.text.run import Run

_ACCENT, _QUIET, _DOUBTFUL = "1F4E79", "5A5F66", "B45309"
_TIME_CM = 1.7
_TITLE_CHARACTERS = 255

# What the schema of WordprocessingML has after these in the properties of a paragraph.
_AFTER_BIDI = (
    "adjustRightInd",
    "snapToGrid",
    "spacing",
    "ind",
    "contextualSpacing",
    "jc",
    "outlineLvl",
    "rPr",
)
_AFTER_BORDER = ("shd", "tabs", "suppressAutoHyphens", "wordWrap", "bidi", *_AFTER_BIDI)


def render(exported: Exported) -> bytes:
    import docx

    document = docx.Document()
    shown = outline(exported)
    _Writer(document, exported).write(shown)
    _describe(document, exported, shown.title)
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


class _Writer:
    def __init__(self, document: "Document", exported: Exported) -> None:
        styles = _Styles(document, exported)
        self._document = document
        self._styles = styles
        self._end: Any = document.element.body.sectPr

    def write(self, shown: Outline) -> None:
        words, styles = shown.words, self._styles
        self._paragraph(styles.title, shown.title)
        for name, value in shown.facts:
            fact = self._paragraph(styles.fact)
            _run(fact, f"{name}{words.colon}", styles.time)
            fact.add_run(value)
        if shown.sections:
            self._paragraph(styles.note, words.minutes)
        for section in shown.sections:
            self._paragraph(styles.heading, section.title)
            for item in section.items:
                self._item(item, words.colon)
        self._paragraph(styles.heading, words.transcript)
        for number, passage in enumerate(shown.passages):
            self._passage(number, passage)
        if not shown.passages:
            self._paragraph(styles.fact, words.nothing)
        self._footer(words.page)

    def _paragraph(self, style: "ParagraphStyle", text: str = "") -> "Paragraph":
        """python-docx looks through all styles and all paragraphs there are for each that it adds."""
        from docx.text.paragraph import Paragraph

        element = _element("p")
        self._end.addprevious(element)
        element.style = style.style_id
        paragraph = Paragraph(element, self._document._body)
        if text:
            paragraph.add_run(text)
        return paragraph

    def _item(self, item: Item, colon: str) -> None:
        paragraph = self._paragraph(self._styles.item)
        if item.heading:
            paragraph.add_run(f"{item.heading}{colon}").bold = True
        paragraph.add_run(item.text)
        if item.note:
            _run(paragraph, f" ({item.note})", self._styles.time)
        for place, time in enumerate(item.times):
            _run(paragraph, " " if place == 0 else ", ", self._styles.time)
            run = _run(paragraph, time.text, self._styles.time)
            if time.passage is not None:
                link = _element("hyperlink", anchor=f"passage{time.passage}")
                run._r.addprevious(link)
                link.append(run._r)

    def _passage(self, number: int, passage: Passage) -> None:
        styles = self._styles
        if not passage.continued:
            self._paragraph(styles.speaker, passage.speaker)
        paragraph = self._paragraph(styles.doubtful if passage.doubt else styles.passage)
        paragraph._p.append(_element("bookmarkStart", id=str(number), name=f"passage{number}"))
        _run(paragraph, f"{passage.time}\t", styles.time)
        paragraph._p.append(_element("bookmarkEnd", id=str(number)))
        paragraph.add_run(passage.text)
        if passage.doubt:
            _run(paragraph, f" ({passage.doubt})", styles.doubt)

    def _footer(self, page: str) -> None:
        paragraph = self._document.sections[0].footer.paragraphs[0]
        paragraph.style = self._styles.footer
        before, between, after = page.split("{}")
        for words, field in ((before, "PAGE"), (between, "NUMPAGES"), (after, None)):
            paragraph.add_run(words)
            if field:
                simple = _element("fldSimple", instr=field)
                simple.append(paragraph.add_run("1")._r)
                paragraph._p.append(simple)


def _run(paragraph: "Paragraph", text: str, style: "CharacterStyle") -> "Run":
    run = paragraph.add_run(text)
    run._r.style = style.style_id
    return run


class _Styles:
    """The looks of a document, each named, so that whoever edits it can change all of a kind at once."""

    def __init__(self, document: "Document", exported: Exported) -> None:
        from docx.enum.style import WD_STYLE_TYPE
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Cm, Pt, RGBColor

        spoken = exported.transcript.language
        written = exported.minutes.language if exported.minutes else spoken
        self._styles: Any = document.styles
        section = document.sections[0]
        section.page_width, section.page_height = Cm(21.0), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2.3)
        section.top_margin = section.bottom_margin = Cm(2.2)

        def paragraph(name: str, base: str = "Normal") -> "ParagraphStyle":
            style: ParagraphStyle = self._styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
            style.base_style = self._styles[base]
            return style

        def character(name: str, colour: str, *, italic: bool = False) -> "CharacterStyle":
            style: CharacterStyle = self._styles.add_style(name, WD_STYLE_TYPE.CHARACTER)
            style.font.size, style.font.italic = Pt(9), italic
            style.font.color.rgb = RGBColor.from_string(colour)
            return style

        self._styles["Normal"].paragraph_format.space_after = Pt(6)
        self.title, self.heading = self._styles["Title"], self._styles["Heading 1"]
        self.item, self.footer = self._styles["List Bullet"], self._styles["Footer"]
        for style in (self.title, self.heading):
            style.font.color.rgb = RGBColor.from_string(_ACCENT)
        self.footer.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
        self.fact, self.note = paragraph("Fact"), paragraph("Minutes note")
        self.fact.paragraph_format.space_after = Pt(2)
        self.note.font.italic = True
        self.speaker, self.passage = paragraph("Speaker"), paragraph("Passage")
        self.doubtful = paragraph("Doubtful passage", "Passage")
        self.speaker.font.bold = True
        layout = self.speaker.paragraph_format
        layout.keep_with_next, layout.left_indent = True, Cm(_TIME_CM)
        layout.space_before, layout.space_after = Pt(10), Pt(2)
        layout = self.passage.paragraph_format
        layout.left_indent, layout.first_line_indent = Cm(_TIME_CM), Cm(-_TIME_CM)
        layout.tab_stops.add_tab_stop(Cm(_TIME_CM))
        self.time, self.doubt = character("Time", _QUIET), character("Doubt", _DOUBTFUL, italic=True)
        _border(self.doubtful)

        for style in (self.fact, self.note, self.heading, self.footer):
            _speak(style, exported.language)
        _speak(self.item, written)
        for style in (self.title, self.speaker, self.passage):
            _speak(style, spoken)


def _speak(style: "ParagraphStyle", language: str) -> None:
    """What a screen reader and a spelling checker take the text for, and where its lines begin."""
    properties: Any = style.element.get_or_add_rPr()
    if direction(language) == "rtl":
        paragraph: Any = style.element.get_or_add_pPr()
        paragraph.insert_element_before(_element("bidi"), *(f"w:{name}" for name in _AFTER_BIDI))
        properties.append(_element("rtl"))
    properties.append(_element("lang", val=language, eastAsia=language, bidi=language))


def _border(style: "ParagraphStyle") -> None:
    properties: Any = style.element.get_or_add_pPr()
    border = _element("pBdr")
    border.append(_element("left", val="single", sz="16", space="6", color=_DOUBTFUL))
    properties.insert_element_before(border, *(f"w:{name}" for name in _AFTER_BORDER))


def _describe(document: "Document", exported: Exported, title: str) -> None:
    """The template's own dates and authors are nobody's."""
    about = document.core_properties
    about.title, about.language = title[:_TITLE_CHARACTERS], exported.transcript.language
    about.author = about.comments = about.last_modified_by = ""
    if exported.happened_at is not None:
        about.created = about.modified = exported.happened_at.astimezone(UTC).replace(tzinfo=None)
    else:
        element: Any = about._element
        for date in [child for child in element if child.tag.endswith(("}created", "}modified"))]:
            element.remove(date)


def _element(tag: str, /, **attributes: str) -> Any:
    from docx.oxml.ns import qn
    from docx.oxml.parser import OxmlElement

    make: Callable[..., Any] = OxmlElement
    return make(f"w:{tag}", {qn(f"w:{key}"): value for key, value in attributes.items()})
