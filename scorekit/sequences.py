r"""Sequences of letters: their codes, n-gram models, and exact marginals where some are missing.

An n-gram model says :math:`p(x_t\mid x_{t-n+1},\dots,x_{t-1})`. Its energy is a sum over windows
of n letters, :math:`E(x)=-\sum_t\log p(x_t\mid\dots)`, so a letter only meets its neighbours, and
dynamic programming sums over all fillings of the gaps exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from . import _inputs

Codes = NDArray[np.int64]
Numbers = NDArray[np.float64]

DNA = "ACGT"
LETTERS = " abcdefghijklmnopqrstuvwxyz"


def encode(text: str, alphabet: str = LETTERS) -> Codes:
    """The place of each letter in the alphabet; raise ValueError at a letter that is not in it."""
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {_inputs.describe(text)}")
    place = {letter: i for i, letter in enumerate(alphabet)}
    for i, letter in enumerate(text):
        if letter not in place:
            raise ValueError(f"text must use the letters {alphabet!r}, got {letter!r} at index {i}")
    return np.array([place[letter] for letter in text], np.int64)


def decode(codes: ArrayLike, alphabet: str = LETTERS) -> str:
    """The text that codes ``(length,)`` stand for."""
    x = np.asarray(codes)
    if x.ndim != 1 or x.dtype.kind not in "iu":
        raise TypeError(
            f"codes must be whole numbers of shape (length,), got {_inputs.describe(x)}"
        )
    return "".join(alphabet[i] for i in check_codes(x, len(alphabet)))


def check_codes(x: ArrayLike, letters: int, name: str = "codes") -> Codes:
    """Return whole numbers from 0 to letters - 1; raise ValueError at another one."""
    a = np.asarray(x)
    if a.dtype.kind not in "iu":
        raise TypeError(f"{name} must be whole numbers, got {_inputs.describe(a)}")
    if a.size and (a.min() < 0 or a.max() >= letters):
        bad = a[(a < 0) | (a >= letters)][0]
        raise ValueError(f"{name} must be letters 0 to {letters - 1}, got {bad}")
    return a.astype(np.int64)


@dataclass(frozen=True, eq=False)
class NGram:
    """An n-gram model: ``log_probs`` has n axes, the last one for the next letter."""

    log_probs: Numbers

    @property
    def order(self) -> int:
        """n: how many letters a window has."""
        return self.log_probs.ndim

    @property
    def letters(self) -> int:
        """A, the size of the alphabet."""
        return int(self.log_probs.shape[-1])

    def energy(self, x: ArrayLike) -> Numbers:
        r"""E of each sequence, ``(m, length)`` to ``(m,)``; its first n - 1 letters are given."""
        x, n = check_codes(x, self.letters, "x"), self.order
        if x.ndim != 2 or x.shape[1] < n:
            raise ValueError(f"x must have shape (m, at least {n}), got {_inputs.describe(x)}")
        ends = x.shape[1] - n + 1
        words = tuple(x[:, k : k + ends] for k in range(n))
        return np.asarray(-self.log_probs[words].sum(1))

    def difference(self, x: Codes, y: Codes) -> Numbers:
        """E(y) - E(x) where each y differs from x in one letter at most: n windows, not all."""
        n, last = self.order, x.shape[1] - self.order
        changed, rows = (x != y).argmax(1)[:, None], np.arange(len(x))[:, None]
        starts = changed + np.arange(1 - n, 1)
        inside = (starts >= 0) & (starts <= last)
        starts = np.clip(starts, 0, last)
        after, before = (tuple(z[rows, starts + k] for k in range(n)) for z in (y, x))
        gain = self.log_probs[after] - self.log_probs[before]
        return np.asarray(-np.where(inside, gain, 0).sum(1))


def fit_ngram(codes: ArrayLike, order: int, letters: int, strength: float = 5.0) -> NGram:
    r"""Count, and lean on shorter contexts where there is little to count.

    :math:`p_n(c\mid h) = (N_{hc} + a\,p_{n-1}(c\mid h'))/(N_h + a)`, with h' the context h without
    its first letter, down to :math:`p_0 = 1/A` (MacKay & Peto 1995, *Nat. Lang. Eng.* 1, 289–308).

    Parameters
    ----------
    codes : array, shape (length,), or a list of such pieces
    order : int
        n ≥ 1.
    letters : int
        A, the size of the alphabet.
    strength : float
        a > 0: how many letters the shorter context is worth.

    Returns
    -------
    NGram
    """
    order, letters = _inputs.count(order, "order"), _inputs.count(letters, "letters", 2)
    strength = _inputs.positive(strength, "strength")
    if letters**order > 2**24:
        raise ValueError(f"order must leave at most 2**24 words, got {letters}**{order}")
    given = codes if isinstance(codes, list) else [codes]
    pieces = [check_codes(piece, letters) for piece in given]
    p: Numbers = np.full(letters, 1 / letters)
    for n in range(1, order + 1):
        counts = np.zeros((letters,) * n)
        for x in pieces:
            ends = max(len(x) - n + 1, 0)
            np.add.at(counts, tuple(x[k : k + ends] for k in range(n)), 1)
        p = (counts + strength * p) / (counts.sum(-1, keepdims=True) + strength)
    return NGram(np.log(p))


def gap_marginals(model: NGram, x: ArrayLike, gaps: Sequence[int]) -> tuple[Numbers, float]:
    r"""Exact marginals of the missing letters, by the forward–backward algorithm.

    A state is the last n - 1 letters; a letter that is known has one value there, a missing one
    has A. So the work is A to the power of the gaps within n letters, times the length.

    Parameters
    ----------
    model : NGram
    x : array, shape (length,)
        What stands at the gaps is not looked at.
    gaps : sequence of int
        Indices of the missing letters; the first n - 1 letters must be known.

    Returns
    -------
    marginals : array, shape (length, A)
        1 at the letter that is known.
    log_z : float
        :math:`\log\sum e^{-E}` over all fillings.
    """
    x, n, size = check_codes(x, model.letters, "x"), model.order, model.letters
    missing = {_inputs.count(g, "gaps", n - 1) for g in gaps}
    if x.ndim != 1 or len(x) < n or (missing and max(missing) >= len(x)):
        raise ValueError(f"gaps must lie in x, got {sorted(missing)} for {_inputs.describe(x)}")
    allowed = [range(size) if t in missing else [int(c)] for t, c in enumerate(x)]
    words: list[Any] = [
        model.log_probs[np.ix_(*allowed[t - n + 1 : t + 1])] for t in range(n - 1, len(x))
    ]
    forward: list[Any] = [np.zeros(words[0].shape[:-1])]
    for w in words:
        forward.append(logsumexp(forward[-1][..., None] + w, axis=0))
    backward: list[Any] = [np.zeros(words[-1].shape[1:])]
    for w in reversed(words):
        backward.append(logsumexp(w + backward[-1][None], axis=-1))
    backward.reverse()
    log_z = float(logsumexp(forward[-1]))
    marginals = np.zeros((len(x), size))
    marginals[np.arange(len(x)), x] = 1
    for t in missing:
        joint = words[t - n + 1] + forward[t - n + 1][..., None] + backward[t - n + 2][None]
        marginals[t] = np.exp(logsumexp(joint, axis=tuple(range(n - 1))) - log_z)
    return marginals, log_z
