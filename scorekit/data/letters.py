"""Sequences of letters: an old book, and the sites of a protein on DNA."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import read

# Columns of the motif, rows A C G T: how often each base was found at each place of 46 sites.
SRF_COUNTS = (
    (2, 9, 0, 1, 32, 3, 46, 1, 43, 15, 2, 2),
    (1, 33, 45, 45, 1, 1, 0, 0, 0, 1, 0, 1),
    (39, 2, 1, 0, 0, 0, 0, 0, 0, 0, 44, 43),
    (4, 2, 0, 0, 13, 42, 0, 45, 3, 30, 0, 0),
)


def opticks() -> str:
    """The third book of Newton's *Opticks*, with its Queries: 4th edition, London 1730.

    In the public domain; Project Gutenberg's transcription, as the Go sources ship it for tests.
    ``tools/make_opticks.py`` made the stored copy.
    """
    return bytes(read("opticks.npz")["text"]).decode("utf8")


def plain(text: str) -> str:
    """Small letters and single spaces only: other signs count as spaces, æ and œ as two letters."""
    small = text.lower().replace("æ", "ae").replace("œ", "oe")
    return " ".join("".join(c if "a" <= c <= "z" else " " for c in small).split())


def srf_motif() -> NDArray[np.int64]:
    """Counts ``(12, 4)`` of A, C, G, T in 46 sites of the human serum response factor, SRF.

    JASPAR MA0083.1 (Sandelin et al. 2004, *Nucleic Acids Res.* 32, D91–D94; CC BY 4.0), from sites
    that Pollock & Treisman selected in vitro (1990, *Nucleic Acids Res.* 18, 6197–6204). Its core
    is the CArG box, CC(A/T)₆GG.
    """
    return np.array(SRF_COUNTS, np.int64).T
