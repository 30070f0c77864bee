"""Make scorekit/data/opticks.npz from the text that the Go sources ship as test data.

``python -m tools.make_opticks Isaac.Newton-Opticks.txt``, where the file is
``src/testdata/Isaac.Newton-Opticks.txt`` of Go 1.19 (Debian package ``golang-1.19-src``): Project
Gutenberg's transcription of *Opticks*, 4th edition, London 1730, which is in the public domain.
Kept, as it stands: the third book, with the thirty-one Queries.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np

from tools.stored import save_arrays

STORED = Path(__file__).parents[1] / "scorekit" / "data" / "opticks.npz"
SHA256 = "d4a9ac22462b35e7821a4f2706c211093da678620a8f9997989ee7cf8d507bbd"
PROVENANCE = (
    "Sir Isaac Newton, Opticks, 4th edition, London 1730, the third book; public domain. "
    "Project Gutenberg's transcription, as src/testdata/Isaac.Newton-Opticks.txt of Go 1.19."
)


def third_book(text: str) -> str:
    """From the heading of the third book to the end, without the transcriber's words."""
    return text[text.index("THE\n\nTHIRD BOOK\n\nOF\n\nOPTICKS") :].strip() + "\n"


def main(source: Path) -> None:
    """Check that the source is the one this was made from, and store the part."""
    raw = source.read_bytes()
    if (got := hashlib.sha256(raw).hexdigest()) != SHA256:
        raise SystemExit(f"{source}: expected sha256 {SHA256}, got {got}")
    part = third_book(raw.decode("utf8"))
    save_arrays(STORED, text=np.frombuffer(part.encode("utf8"), np.uint8), provenance=PROVENANCE)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
