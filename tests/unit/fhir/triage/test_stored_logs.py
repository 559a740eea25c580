# SPDX-License-Identifier: Apache-2.0
"""A thousand answer logs that are stored come to what they came to, bit for bit."""

from collections import Counter

from support.answer_logs import FILE, HOW_MANY, heads, stored
from wardkeep.fhir.triage.engine import Turn, fingerprint, replay
from wardkeep.fhir.triage.library import engine_of, shipped_content

TEXT = FILE.read_text(encoding="utf-8")


def test_they_were_answered_under_the_content_that_comes_with_wardkeep() -> None:
    """Whoever changes content gives it a version, and has them written anew."""
    assert TEXT.splitlines()[: len(HOW_MANY)] == heads()


def test_a_thousand_stored_logs_come_to_the_same_bits() -> None:
    engines = {name: engine_of(shipped_content(name)) for name in HOW_MANY}
    seen: Counter[str] = Counter()
    for one in stored(TEXT):
        turn = replay(engines[one.content], one.log)
        assert isinstance(turn, Turn), str(turn)
        assert turn.result.disposition == one.disposition
        assert fingerprint(turn.result) == one.fingerprint
        seen[one.disposition] += 1
    assert seen.total() == sum(HOW_MANY.values()) == 1_000
    # Not a thousand of the same
    assert min(seen[one] for one in ("ambulance-1", "ambulance-2", "clinician-1h")) > 50
