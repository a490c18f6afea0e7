"""A trace on paper: what was asked, the pictures, the flows; and inside the file its evidence.

PDF by fpdf2, into which the part of a font that is used is put. Chinese needs one of the machine
(`fonts-wqy-microhei` in Debian); where there is none, the report is in English and says why, and
question marks stand for what is left of it, in names.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from flask_babel import force_locale, get_locale, ngettext
from flask_babel import gettext as _
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from app.language import LANGUAGES
from app.node import node
from app.present import moment, op_words
from app.trace_evidence import Evidence
from app.trace_graph import BAR, Graph
from app.trace_map import Map
from app.trace_view import View
from ledger.rules.trace import SENT

MOST: Final = 500  # flows of a report; the files have them all
_CHINESE: Final = (
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
)
_FONTS: Final = (*_CHINESE, "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
_INK, _SOFT, _BRAND = (23, 36, 42), (74, 91, 99), (11, 93, 107)
_PALE, _BACK, _OUT, _LAND = (157, 190, 196), (202, 183, 153), (192, 198, 201), (243, 246, 247)
_LINE: Final = (201, 211, 215)
_WIDE: Final = 277.0  # mm of a landscape A4 page between its margins


class Report(FPDF):
    """The sheet: landscape A4, its number and what it is of at the foot."""

    def __init__(self, words: str) -> None:
        super().__init__(orientation="landscape", format="A4")
        self.words = words
        self.set_margin(10)
        self.set_auto_page_break(True, 15)
        font = _first(_FONTS)
        self.letters: Container[int] = range(256)  # those of Latin 1
        self.lacks = False  # whether something could not be written
        if font:
            self.add_font("sheet", fname=font)
            self.letters = self.fonts["sheet"].cmap
        self.face = "sheet" if font else "helvetica"
        self.set_title(self.plain(words))
        self.set_creator("Packtrace")
        self.set_lang(str(get_locale() or "en").replace("_", "-"))

    def plain(self, text: str) -> str:
        """A text as the font at hand can write it, with ? for what it cannot."""
        written = "".join(one if ord(one) in self.letters else "?" for one in text)
        self.lacks = self.lacks or written != text
        return written

    def footer(self) -> None:
        self.set_y(-12)
        self.say(f"{self.words} · {self.page_no()}", 8, _SOFT)

    def say(self, text: str, size: float = 10, colour: tuple[int, int, int] = _INK) -> None:
        """A paragraph."""
        self.set_font(self.face, size=size)
        self.set_text_color(*colour)
        self.multi_cell(0, size * 0.5, self.plain(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def label(self, x: float, y: float, text: str, size: float = 6) -> None:
        """A few words at a place."""
        self.set_font(self.face, size=size)
        self.set_text_color(*_INK)
        self.text(x, y, self.plain(text))

    def fitting(self, text: str, wide: float) -> str:
        """A text, cut to so many mm."""
        text = self.plain(text)
        if self.get_string_width(text) <= wide:
            return text
        while text and self.get_string_width(f"{text}...") > wide:
            text = text[:-1]
        return f"{text}..."


def _first(fonts: Iterable[str]) -> str:
    return next((one for one in fonts if Path(one).exists()), "")


@contextmanager
def writable() -> Iterator[bool]:
    """Let a report be in this request's language; in English, and true, where no font writes that."""
    locale = get_locale()
    if locale is None or locale.language != "zh" or _first(_CHINESE):
        yield False
        return
    with force_locale(LANGUAGES["en"][0]):
        yield True


def report(view: View, found: Evidence, *, instead: bool = False) -> bytes:
    """The report of a trace, with its evidence attached; `instead` of one in Chinese."""
    trace = view.trace
    words = _("Trace of %(what)s", what=trace.subject.words)
    pdf = Report(words)
    now = node().clock()
    pdf.set_creation_date(datetime.fromtimestamp(now / 1000, UTC))
    pdf.add_page()
    pdf.say(words, 18, _BRAND)
    pdf.ln(2)
    if instead:
        pdf.say(
            _(
                "In English, because the machine that made this report has no font for Chinese; "
                "Debian's is fonts-wqy-microhei."
            )
        )
    for line in _facts(view, found, now):
        pdf.say(line)
    pdf.ln(2)
    pdf.say(_("Flow"), 13, _BRAND)
    _graph(pdf, view.graph)
    pdf.add_page()
    pdf.say(_("Map"), 13, _BRAND)
    _map(pdf, view.map)
    pdf.add_page()
    pdf.say(_("In sum"), 13, _BRAND)
    head = (_("From"), _("To"), _("Packs"), _("Under way"), _("Statements"))
    _table(pdf, (80, 80, 30, 30, 30), head, (
        (one.start, one.end, str(one.way.packs), str(one.way.open), str(len(one.way.flows)))
        for one in view.sums
    ))  # fmt: skip
    pdf.add_page()
    pdf.say(_("Statements"), 13, _BRAND)
    _flows(pdf, view)
    if pdf.lacks:
        pdf.say(_("A ? stands for each character that no font of this machine can write."), 8)
    for number, bundle in enumerate(found.bundles, 1):
        pdf.embed_file(
            bytes=bundle.to_gzip(), basename=f"evidence-{number}.packtrace.json.gz",
            mime_type="application/gzip", associated_file_relationship="Supplement",
        )  # fmt: skip
    return bytes(pdf.output())


def _facts(view: View, found: Evidence, now: int) -> list[str]:
    trace = view.trace
    lines = [_("Made on %(when)s from the log %(log)s.", when=moment(now), log=node().origin)]
    if node().simulated:
        lines.append(_("SIMULATED: every party, product and pack here is made up."))
    wanted = trace.wanted
    if wanted.query:
        lines.append(
            _("Only: %(what)s.", what=", ".join(f"{k} {v}" for k, v in wanted.query.items()))
        )
    if not trace.whole:
        lines.append(_("Flows between others are not shown."))
    lines += [f"{words}: {number}" for words, number in view.tally]
    lines.append(
        _(
            "A pack counts as scanned where a statement names it, as inferred where it lay in a container "
            "that a statement names."
        )
    )
    if found.bundles:
        lines.append(
            ngettext(
                "Attached to this file: %(num)s proof bundle. It shows %(shown)s of the %(of)s statements; "
                "check it with packtrace verify.",
                "Attached to this file: %(num)s proof bundles. They show %(shown)s of the %(of)s "
                "statements; check them with packtrace verify.",
                len(found.bundles), shown=found.shown, of=found.of,
            )
        )  # fmt: skip
    else:
        lines.append(_("No evidence is attached: none of what was traced can be proven any more."))
    return lines


def _graph(pdf: Report, graph: Graph) -> None:
    top = pdf.get_y()
    scale = min(_WIDE / max(1.0, graph.width), (pdf.h - top - 18) / max(1.0, graph.height), 0.3)

    def at(x: float, y: float) -> tuple[float, float]:
        return 10 + x * scale, top + y * scale

    for link in graph.links:
        pdf.set_fill_color(*(_BACK if link.backward else _OUT if link.end.kind == "out" else _PALE))
        pdf.polygon([at(x, y) for x, y in link.band], style="F")
    for node_ in graph.nodes:
        x, y = at(node_.x, node_.y)
        pdf.set_fill_color(*_BRAND)
        pdf.rect(x, y, BAR * scale, max(0.4, node_.height * scale), style="F")
        pdf.label(x, y - 1, f"{node_.short}: {node_.packs}")
    pdf.set_line_width(0.2)


def _map(pdf: Report, drawn: Map) -> None:
    pdf.say(
        _(
            "Full points lie where this node's desk has put the site; hollow ones stand around the middle "
            "of the site's country. The outline is rough and says nothing of borders."
        ),
        8, _SOFT,
    )  # fmt: skip
    top = pdf.get_y() + 2
    scale = min(_WIDE / drawn.width, (pdf.h - top - 18) / drawn.height)

    def at(x: float, y: float) -> tuple[float, float]:
        return 10 + x * scale, top + y * scale

    with pdf.rect_clip(10, top, drawn.width * scale, drawn.height * scale):
        pdf.set_draw_color(*_SOFT)
        pdf.set_fill_color(*_LAND)
        for ring in drawn.outline:
            pdf.polygon([at(x, y) for x, y in ring], style="DF")
        pdf.set_draw_color(*_BRAND)
        for line in drawn.lines:
            pdf.set_line_width(line.width * scale / 2)
            pdf.line(*at(line.start.x, line.start.y), *at(line.end.x, line.end.y))
        pdf.set_line_width(0.4)
        for point in drawn.points:
            pdf.set_fill_color(*(_BRAND if point.told else (255, 255, 255)))
            x, y = at(point.x, point.y)
            pdf.circle(x, y, 1.2, style="DF")
            pdf.label(x + 2, y, point.words)


def _flows(pdf: Report, view: View) -> None:
    head = (
        _("When"), _("What"), _("Lot"), _("From"), _("To"), _("Packs"), _("Scanned"), _("Inferred"),
        _("Arrived"), _("Under way"), _("Entry"),
    )  # fmt: skip
    names = view.names
    lines = []
    for flow in view.trace.flows[:MOST]:
        arrived, still = (str(flow.arrived), str(flow.open)) if flow.kind == SENT else ("", "")
        lines.append((
            moment(flow.ms), op_words(flow.op), flow.lot, *names.ends(flow), str(flow.packs),
            str(flow.scanned), str(flow.inferred), arrived, still, str(flow.index),
        ))  # fmt: skip
    _table(pdf, (42, 28, 22, 48, 48, 15, 16, 16, 15, 15, 12), head, lines)
    more = len(view.trace.flows) - MOST
    if more > 0:
        pdf.say(ngettext("%(num)s more is in the file.", "%(num)s more are in the file.", more), 8)


def _table(
    pdf: Report, widths: tuple[int, ...], head: tuple[str, ...], lines: Iterable[tuple[str, ...]]
) -> None:
    """Lines under a head that each sheet repeats; what is too long for its column is cut."""
    pdf.set_draw_color(*_LINE)

    def write(line: tuple[str, ...], colour: tuple[int, int, int]) -> None:
        pdf.set_font(pdf.face, size=7)
        pdf.set_text_color(*colour)
        for wide, cell in zip(widths, line, strict=True):
            pdf.cell(wide, 4.4, pdf.fitting(cell, wide - 1.5), border="B")
        pdf.ln()

    write(head, _SOFT)
    for line in lines:
        if pdf.will_page_break(4.4):
            pdf.add_page()
            write(head, _SOFT)
        write(line, _INK)
