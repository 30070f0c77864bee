"""What is said of files that come, without a browser: `book/_static/live/downloads.js` in Node."""

from __future__ import annotations

import json
import subprocess

import pytest
from conftest import ROOT

pytestmark = pytest.mark.node

SILENT = """
import { Downloads } from "%s";
const said = [];
const downloads = new Downloads(() => new Promise(() => {}), (now) => said.push(now));
downloads.expect("https://far/numpy.whl", "sha256-", 3000, "numpy");
downloads.get("https://far/numpy.whl");
console.log(JSON.stringify(said));
"""


def test_a_file_is_named_when_it_is_asked_for_not_when_it_comes() -> None:
    # All others may be there already; then a silent connection looked like slow unpacking.
    script = SILENT % (ROOT / "book" / "_static" / "live" / "downloads.js").as_uri()
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", script],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    (said,) = json.loads(done.stdout)
    assert said == {"names": ["numpy"], "done": 0, "files": 1, "loaded": 0, "total": 3000}
