"""The script behind the stored evidences, run briefly."""

from scorekit.evidence import nested_evidence
from tools import make_evidence as tool


def test_a_brief_run_agrees_with_what_is_stored():
    stored = nested_evidence()
    log_z, se = tool.nested((0,), live=150, seed=0)
    assert 0.03 < se < 0.4
    assert abs(log_z - stored["log_z"][0]) < 4 * se
