"""Every refusal code that these operations can meet, through the library; a refusal changes nothing."""

from __future__ import annotations

import pytest

from ledger.errors import CODES, BadSignature, LedgerError, Malformed, Refused
from ledger.statement.submission import Submission
from ledger.store.models import CONTENT, LOG, VIEWS
from tests.refusals import CASES, IDS, Case, evidence_verifies
from tests.world import Chain

# A state of the log, see test_guard; what is asked ahead of it, see test_recall_closing; the desk, see test_alerts.
ELSEWHERE = {"read-only", "open-quantities", "unfit-closing"}


def tables(chain: Chain) -> list[object]:
    """All that the database holds, to be compared."""
    store = chain.store
    found = []
    for model in (*LOG, *CONTENT, *VIEWS):
        rows = store.rows(f"SELECT * FROM {model._meta.table_name}")
        found.append(sorted(rows, key=repr))
    return found


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_refused_with_its_code_and_without_a_trace(case: Case, chain: Chain) -> None:
    code, _, make = case
    data = make(chain)
    before = tables(chain)
    with pytest.raises(LedgerError) as caught:
        chain.log.submit(Submission.parse(data))
    error = caught.value
    if isinstance(error, Refused):
        assert error.code == code, error
        assert error.rule
        assert error.advice
        if error.evidence is not None:
            evidence_verifies(chain, error.evidence)
    else:
        assert {"malformed": Malformed, "bad-signature": BadSignature}[code] is type(error), error
    assert tables(chain) == before
    chain.log.submit(chain.admit(chain.pharmacy2))  # the log goes on


def test_no_code_is_forgotten() -> None:
    assert {code for code, _, _ in CASES} | ELSEWHERE == set(CODES)
