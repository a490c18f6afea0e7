"""Whatever is sent to the inspector's pages: an answer with its reason, never a fault of ours."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.audit_report import Report as Audit
from ledger.errors import Malformed
from ledger.rules.stock_taking import Report as Count
from tests.app.conftest import SignIn
from tests.world import Chain

TEXT = st.text(max_size=40) | st.sampled_from(
    [
        "09521101000016",
        "(01)09521101000016(21)A",
        "INS-2222222222",
        "2026-10-01",
        "9521114000102",
        "-1",
    ]
)
FORMS = {
    "/inspections": ["site"],
    "/inspections/{number}/scan": ["text"],
    "/inspections/{number}/drop": ["item"],
    "/inspections/{number}/number": ["gtin", "lot", "n"],
    "/inspections/{number}/close": ["note"],
    "/inspections/{number}/reopen": [],
}


@pytest.fixture
def inspector(chain: Chain, sign_in: SignIn) -> FlaskClient:
    chain.hand_over(chain.maker, chain.commission("L1", 2), chain.pharmacy)
    return sign_in(chain.authority)


@given(data=st.data())
@settings(max_examples=60)
def test_forms_are_answered(chain: Chain, inspector: FlaskClient, data: st.DataObject) -> None:
    begun = inspector.post("/inspections", data={"site": chain.pharmacy.site})
    number = begun.location.rpartition("/")[2]
    for _ in range(4):
        path = data.draw(st.sampled_from(sorted(FORMS)))
        fields = {name: data.draw(TEXT) for name in FORMS[path]}
        answer = inspector.post(path.format(number=number), data=fields)
        assert answer.status_code < 500, (path, fields, answer.text)
    assert inspector.get(f"/inspections/{number}").status_code == 200


@given(
    query=st.dictionaries(
        st.sampled_from(["gtin", "lot", "from", "to", "partner", "site", "way"]), TEXT
    ),
    path=st.sampled_from(
        ["/tracing-requests", "/tracing-requests/answer.zip", "/statistics", "/log/health"]
    ),
)
@settings(max_examples=60)
def test_queries_are_answered(inspector: FlaskClient, query: dict[str, str], path: str) -> None:
    assert inspector.get(path, query_string=query).status_code < 500, (path, query)


@given(body=st.binary(max_size=60) | TEXT.map(lambda text: b'{"text":"%b"}' % text.encode()))
@settings(max_examples=40)
def test_scans_are_answered(chain: Chain, inspector: FlaskClient, body: bytes) -> None:
    begun = inspector.post("/inspections", data={"site": chain.pharmacy.site})
    number = begun.location.rpartition("/")[2]
    for path in ("scans", "signature"):
        answer = inspector.post(
            f"/api/inspections/{number}/{path}", data=body, content_type="application/json"
        )
        assert answer.status_code < 500, (body, answer.text)


@given(st.binary(max_size=200))
def test_reports_are_read_or_refused(data: bytes) -> None:
    for kind in (Audit, Count):
        with pytest.raises(Malformed):
            kind.parse(data)
