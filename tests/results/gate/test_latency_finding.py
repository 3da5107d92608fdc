"""What a latency check hands over."""

from __future__ import annotations

from replay_users.results.gate.latency_finding import Finding
from replay_users.results.gate.model import Decision


def test_a_finding_has_numbers_only_if_it_says_some() -> None:
    """They may be left out, everything else must be said."""
    finding = Finding(
        name="latency",
        endpoint=None,
        p=None,
        verdict=Decision.PASS,
        value=None,
        limit=None,
        sentence="nothing to say",
        advisory=True,
    )
    assert dict(finding.numbers) == {}
