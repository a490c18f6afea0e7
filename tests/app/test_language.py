"""Pages speak English and Simplified Chinese: chosen by a switch, else by the browser; nothing is left out."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

from app.language import COOKIE, LANGUAGES
from app.phrases import phrases, reason_said, said
from ledger.errors import CODES
from ledger.rules import reasons
from tests.app.conftest import SignIn
from tests.world import Chain

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted((ROOT / "app" / "translations").glob("*/LC_MESSAGES"))
DOMAINS = ("messages", "scripts")
PLACE = re.compile(r"%\(\w+\)s|\{\w+\}")
CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}


def lang(client: FlaskClient, path: str = "/help", **headers: str) -> str:
    """The language of a page."""
    told = client.get(
        path, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )
    [found] = re.findall(r'<html lang="([^"]+)"', told.text)
    return str(found)


# Choosing


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("", "en"), ("zh", "zh-Hans"), ("zh-CN,zh;q=0.9", "zh-Hans"), ("zh-Hans-SG", "zh-Hans"),
        ("en-US,en;q=0.9", "en"), ("en;q=0.4,zh-CN;q=0.8", "zh-Hans"), ("fr,zh;q=0.1", "zh-Hans"),
        ("fr", "en"), ("zh;q=0", "en"), ("zh-TW;q=0.3,en", "en"), ("\x7f;;,=", "en"),
    ],
)  # fmt: skip
def test_the_browsers_wish_is_followed(client: FlaskClient, wanted: str, expected: str) -> None:
    assert lang(client, Accept_Language=wanted) == expected


def test_the_switch_outdoes_the_browsers_wish_and_leads_back(client: FlaskClient) -> None:
    form = {"language": "zh-Hans", "back": "/log?x=1"}
    answer = client.post("/language", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/log?x=1")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=zh-Hans;")
    assert "SameSite=Lax" in cookie
    assert lang(client, Accept_Language="en") == "zh-Hans"
    client.post("/language", data={"language": "en", "back": "/"})
    assert lang(client, Accept_Language="zh") == "en"


@pytest.mark.parametrize(
    "back",
    ["", "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example",
     "/\t/evil.example", "/\n/evil.example", "evil", "javascript:alert(1)", " //evil.example", "/é"],
)  # fmt: skip
def test_the_switch_leads_nowhere_else(client: FlaskClient, back: str) -> None:
    answer = client.post("/language", data={"language": "en", "back": back})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


@pytest.mark.parametrize("wanted", ["", "fr", "../en", "zh_Hans"])
def test_a_language_that_there_is_not_is_refused(client: FlaskClient, wanted: str) -> None:
    answer = client.post("/language", data={"language": wanted, "back": "/"})
    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers
    assert client.get(f"/words/{wanted}.js").status_code == 404
    client.set_cookie(COOKIE, wanted)
    assert lang(client) == "en"


def test_the_switch_is_not_pressed_by_another_site(client: FlaskClient) -> None:
    answer = client.post(
        "/language", data={"language": "zh-Hans"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "path", ["/", "/verify", "/log?from=1", "/nowhere", "/01/09521102000015/21/A%2B"]
)
def test_every_page_has_the_switch_and_comes_back_to_itself(client: FlaskClient, path: str) -> None:
    page = client.get(path).text
    assert f'<input type="hidden" name="back" value="{path}">' in page
    for tag, (_, name) in LANGUAGES.items():
        assert re.search(rf'<button name="language" value="{tag}" lang="{tag}"[^>]*>{name}<', page)


def test_after_a_form_the_switch_leads_to_the_page_of_the_form(client: FlaskClient) -> None:
    page = client.post("/verify", data={"text": "nonsense"}).text
    assert '<input type="hidden" name="back" value="/verify">' in page


# What is said


def test_a_page_of_the_frame_to_the_foot_is_in_chinese(sign_in: SignIn, chain: Chain) -> None:
    page = sign_in(chain.pharmacy).get("/help", headers=CHINESE).text
    for words in ("首页", "扫码", "帮助", "退出登录", "不得供应", "药盒", "未发现矛盾"):
        assert words in page


def test_an_error_speaks_the_language_and_keeps_its_code(client: FlaskClient) -> None:
    told = client.get("/log/99", headers=CHINESE)
    assert (told.status_code, "日志中没有条目 99。" in told.text) == (404, True)
    problem = client.get("/api/keys/abc", headers=CHINESE).get_json()
    assert (problem["code"], problem["title"]) == ("not-found", "未找到")
    refused = client.post(
        "/api/statements", data=b"{}", headers=CHINESE, content_type="application/json"
    )
    told_of = refused.get_json()
    assert told_of["code"] == "malformed"
    assert told_of["title"] not in dict(CODES.values())
    assert re.search("[一-鿿]", told_of["advice"])


def test_a_scan_is_told_in_the_language_beside_its_stable_word(client: FlaskClient) -> None:
    body = json.dumps({"text": "nonsense"})
    told = client.post("/api/scans", data=body, headers=CHINESE).get_json()
    assert (told["verdict"], told["word"]) == ("Not checked", "未查验")
    assert told["reasons"][0]["code"] == "not-our-label"
    assert told["reasons"][0]["words"].startswith("这不是药盒的码（")
    told = client.post("/api/scans", data=body).get_json()
    assert told["word"] == "Not checked"


def test_a_detail_stands_where_the_language_has_its_place(app: object, client: FlaskClient) -> None:
    with client.application.test_request_context(headers=CHINESE):
        assert (
            reason_said(reasons.reason("expired", "2026-01-31")).words
            == "此药盒已过期（2026-01-31）。"
        )
        assert reason_said(reasons.reason("expired")).words == "此药盒已过期。"
        assert said("") == ""
    with client.application.test_request_context(headers={"Accept-Language": "en"}):
        for code in reasons.CODES:
            for detail in ("", "something"):
                assert reason_said(reasons.reason(code, detail)) == reasons.reason(code, detail)


def test_scripts_are_served_their_words_by_the_address(client: FlaskClient) -> None:
    answer = client.get("/words/zh-Hans.js", headers={"Accept-Language": "en"})
    assert answer.mimetype == "text/javascript"
    words = json.loads(answer.text.removeprefix("export default ").removesuffix(";\n"))
    assert words["Scan again."] == "请再扫一次。"
    assert words["%(n)s scan."] == ["%(n)s 次扫码。"]
    assert "" not in words
    again = client.get("/words/zh-Hans.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert client.get("/words/en.js", headers=CHINESE).text == "export default {};\n"


def test_times_and_numbers_are_written_as_the_language_does(client: FlaskClient) -> None:
    moments = []
    for headers in ({"Accept-Language": "en"}, CHINESE):
        page = client.get("/log", headers=headers).text
        [*_, (machine, words)] = re.findall(r'<time datetime="([^"]+)">([^<]+)</time>', page)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", machine)
        assert words.endswith(" UTC")
        moments.append(words)
    assert re.fullmatch(r"\d{1,2} \w+ \d{4}, \d\d:\d\d:\d\d UTC", moments[0])
    assert re.fullmatch(r"\d{4}年\d{1,2}月\d{1,2}日 \d\d:\d\d:\d\d UTC", moments[1])


# The catalogues


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Catalog]:
    """What the code says now, by domain."""
    found = {}
    for domain in DOMAINS:
        pot = tmp_path_factory.mktemp("pot") / f"{domain}.pot"
        subprocess.run([ROOT / "tools" / "messages", "extract", domain, pot], check=True)
        with pot.open("rb") as file:
            found[domain] = read_po(file)
    return found


def ids(message: Message) -> tuple[str, ...]:
    """A message's English forms."""
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def texts(message: Message) -> tuple[str, ...]:
    """A message's translations."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def test_there_is_a_catalogue_of_each_other_language() -> None:
    assert {one.parent.name for one in FOLDERS} == {folder for folder, _ in LANGUAGES.values()} - {
        "en_GB"
    }


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda one: one.parent.name)
def test_every_text_is_translated_with_its_places(
    sources: dict[str, Catalog], folder: Path, domain: str
) -> None:
    with (folder / f"{domain}.po").open("rb") as file:
        catalogue = read_po(file)
    with (folder / f"{domain}.mo").open("rb") as file:
        compiled = read_mo(file)
    missing, wrong, stale = [], [], []
    for message in sources[domain]:
        if not message.id:
            continue
        found = catalogue.get(message.id if isinstance(message.id, str) else message.id[0])
        if found is None or found.fuzzy or not all(texts(found)):
            missing.append(message.id)
            continue
        # The last English form, of many, has each place.
        places = sorted(set(PLACE.findall(ids(message)[-1])))
        if any(sorted(set(PLACE.findall(text))) != places for text in texts(found)):
            wrong.append(message.id)
        same = compiled.get(ids(message)[0])
        if same is None or texts(same) != texts(found):
            stale.append(message.id)
    assert missing == [], "run `make messages` and translate these"
    assert wrong == []
    assert stale == [], "run `make setup`: the compiled catalogue is not that of the .po file"


def test_the_ledgers_own_texts_are_among_what_is_translated(sources: dict[str, Catalog]) -> None:
    known = {ids(message)[0] for message in sources["messages"]}
    assert set(phrases()) <= known
    for rule, advice in CODES.values():
        assert {rule, advice} <= known
    assert {reasons.OK, reasons.HOLD, reasons.DO_NOT_SUPPLY, reasons.NOT_CHECKED} <= known


# Nothing is said past the catalogues

# Names, and what is written alike in every language.
ALIKE = re.compile(
    r"(?:Packtrace|GTIN|GLN|SSCC|JSON|CSV|EPCIS|PIN|SVG|packtrace|make|python|F9|KiB|trust\.txt|FILE|PICTURE)"
)
WORDS = re.compile(r"[A-Za-z]{2,}")
SPOKEN = {"alt", "aria-label", "placeholder", "title", "data-label", "aria-description"}
UNSPOKEN = {"script", "style", "pre", "code"}


class Spoken(HTMLParser):
    """What a template says itself: the text and the attributes that people read or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)  # a law's own words stand in its language, and say so
        mono = "code" in (told.get("class") or "").split() or told.get("lang") == "en"
        if tag not in ("input", "meta", "link", "br", "hr", "img", "path", "rect", "use"):
            self.open.append("code" if mono else tag)
        self.said += [value or "" for name, value in attrs if name in SPOKEN]

    def handle_endtag(self, tag: str) -> None:
        if self.open:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not UNSPOKEN & set(self.open):
            self.said.append(data)


JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
# In what Jinja prints: words in quotes that are not looked up (`_("…")`), no names of a filter or file.
BARE = re.compile(r"""(?<![\w(])(["'])([A-Z][a-z]+(?: [^"']*)?|[a-z]+ [^"']*)\1""")
SPEAKS = re.compile(r"\b(?:_|ngettext)\(\s*(?:(?:\"(?:[^\"\\]|\\.)*\"|'[^']*')\s*,?\s*)+")


@pytest.mark.parametrize(
    "path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_a_template_says_nothing_past_the_catalogue(path: Path) -> None:
    text = path.read_text()
    spoken = Spoken()
    spoken.feed(JINJA.sub(" ", text))
    found = [one.strip() for one in spoken.said if WORDS.search(ALIKE.sub("", one))]
    assert found == []
    for printed in re.findall(r"\{\{.*?\}\}", text, re.DOTALL):
        assert BARE.findall(SPEAKS.sub("", printed)) == [], printed


def calls(path: Path, *names: str) -> Iterator[ast.Call]:
    """The calls of some names in a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


@pytest.mark.parametrize(
    "path",
    [
        p
        for p in sorted((ROOT / "app").rglob("*.py"))
        if "demo" not in p.parts and p.name != "cli.py"
    ],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_an_error_of_the_app_is_said_by_the_catalogue(path: Path) -> None:
    """`abort(404, …)` is read by people: its words are looked up, not written out."""
    for call in calls(path, "abort"):
        for words in call.args[1:]:
            assert not isinstance(words, ast.Constant | ast.JoinedStr | ast.BinOp), ast.unparse(
                call
            )


TOKEN = re.compile(
    r"""/\*.*?\*/|//[^\n]*"""  # comments
    r"""|(?<=[(=,:?!&|;\[])\s*/(?![*/])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*"""  # a pattern
    r"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`"""  # strings
    r"""|[A-Za-z_$][\w$]*|[^\s\w]""",
    re.DOTALL,
)
# What a script says reads so: a capital, then a small word. Selectors, names and codes do not.
SENTENCE = re.compile(r"[A-Z][\w'’]*[,:]? [a-z]")
KNOWN = re.compile(r"""\b_n?\(\s*"(?:[^"\\]|\\.)*\"""")
FILLED = re.compile(r"\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\$\{.*", re.DOTALL)
SHOWN = {"textContent", "innerText", "ariaLabel", "placeholder", "title"}
STABLE = {reasons.HOLD, reasons.DO_NOT_SUPPLY, reasons.NOT_CHECKED}  # words that programs compare


def bare(source: str) -> list[str]:
    """The texts of a script that are said, and not looked up by `_` or `_n`."""
    tokens = [one for one in TOKEN.findall(source) if not one.startswith(("//", "/*"))]
    found, calls_open = [], []
    for place, token in enumerate(tokens):
        before = tokens[max(0, place - 2) : place]
        if token == "(":
            calls_open.append(before[-1] if before else "")
        elif token == ")" and calls_open:
            calls_open.pop()
        if token[0] not in "\"'`":
            continue
        text = token[1:-1]
        looked_up = bool(calls_open) and calls_open[-1] in ("_", "_n")
        shown = len(before) == 2 and before[1] == "=" and before[0] in SHOWN
        said_of = ALIKE.sub("", FILLED.sub("", KNOWN.sub("", text)))
        spoken = WORDS.search(said_of) if shown else SENTENCE.match(text)
        if spoken and not looked_up and text not in STABLE:
            found.append(text)
    return found


def test_a_bare_text_of_a_script_is_found() -> None:
    assert bare('a.textContent = "yes";') == ["yes"]
    assert bare("tell(`The camera is ${state}.`)") == ["The camera is ${state}."]
    assert bare('fail(ok ? "" : _("Good words.") + "Bad words.")') == ["Bad words."]
    assert bare('_("Good words.", {a: f("x y")}); _n("One pack", "Many packs", n)') == []
    assert bare('document.querySelector(".a b"); const kind = "ObjectEvent"; // Some words') == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "app" / "static").rglob("*.js")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_a_script_says_nothing_past_the_catalogue(path: Path) -> None:
    assert bare(path.read_text()) == []
