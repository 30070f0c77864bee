r"""The Ising model on a torus: many Metropolis chains side by side.

Spins are ±1 on an L × M grid whose edges are joined, :math:`E(s)=-\sum_{\langle ij\rangle}s_is_j`,
and :math:`p\propto e^{-KE}` with the coupling K = β J. What is known of it exactly is in
``scorekit.ising_exact``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .chains import Trace

Spins = NDArray[np.int8]
Bytes = NDArray[np.uint8]
MOST = np.iinfo(np.uint64).max


def check_spins(spins: ArrayLike, name: str = "spins") -> Spins:
    """Return a batch ``(n, rows, columns)`` of spins ±1 as int8; raise if it is anything else."""
    s = np.asarray(spins)
    if s.ndim != 3 or s.size == 0:
        raise ValueError(f"{name} must have shape (n, rows, columns), got {_inputs.describe(s)}")
    if s.dtype.kind not in "if" or not (np.abs(s) == 1).all():
        raise ValueError(f"{name} must be +1 or -1 everywhere, got {_inputs.describe(s)}")
    return s.astype(np.int8)


def ising_energy(spins: ArrayLike) -> NDArray[np.float64]:
    r"""Energy of each lattice, :math:`-\sum s_is_j` over right and lower neighbours on the torus.

    Parameters
    ----------
    spins : array, shape (n, rows, columns)
        ±1. A side of 1 or 2 meets itself or one neighbour twice, as in Kaufman's formula.

    Returns
    -------
    array, shape (n,)
    """
    s = check_spins(spins)
    right = (s * np.roll(s, -1, 2)).sum((1, 2), dtype=np.int64)
    down = (s * np.roll(s, -1, 1)).sum((1, 2), dtype=np.int64)
    return np.asarray(-(right + down), float)


def ising(
    spins: ArrayLike,
    coupling: float,
    sweeps: int,
    *,
    rng: np.random.Generator,
    keep_every: int = 0,
    keep: Callable[[Spins], Any] = lambda s: s,
) -> Trace:
    r"""Run Metropolis chains on the torus, one colour of the checkerboard after the other.

    Sites of one colour do not touch, so all of them may be flipped at once, each with probability
    :math:`\min\{1, e^{-K\Delta E}\}`: a sweep is two such half sweeps. It leaves p invariant. (It
    does not satisfy detailed balance, and need not.) Eight chains share a byte, a bit a spin
    (multi-spin coding, Jacobs & Rebbi 1981, *J. Comput. Phys.* 41, 203–210); each has its own
    random numbers.

    Each half sweep draws 16 random bits a site, site by site in the order of ``_Colours`` and chain
    by chain, for 8⌈n/8⌉ chains, then one uniform d. A site with uniform k/65536 accepts with
    probability q if k < ⌊65536 q + d⌋: rounded at random, so that q is exact for every site.

    Parameters
    ----------
    spins : array, shape (n, side, side)
        The start, ±1, one lattice a chain; the side must be even.
    coupling : float
        K ≥ 0.
    sweeps : int
    rng : numpy.random.Generator
    keep_every : int
        Keep something after every so many sweeps; 0 keeps nothing.
    keep : callable, optional
        What to keep of the spins ``(n, rows, columns)``: the spins themselves, unless given.
        ``keep=ising_energy`` makes ``kept`` an array ``(k, n)``.

    Returns
    -------
    Trace
        ``acceptance`` is the share of each chain's flips in the last sweep; ``evaluations`` the
        number of sweeps.

    Raises
    ------
    ValueError, TypeError
        For spins that are not ±1, a negative coupling, or an odd side: on an odd torus a
        checkerboard has neighbours of equal colour, and flipping them at once leaves another law.
    """
    s = check_spins(spins)
    n, rows, columns = s.shape
    if rows != columns:  # the shear of _Colours closes only then
        raise ValueError(f"spins must have two equal sides, got {rows} × {columns}")
    if rows % 2:
        raise ValueError(
            "spins must have even sides: on an odd torus a checkerboard has neighbours of equal "
            f"colour, got {rows} × {columns}; flip one site at a time there (metropolis)"
        )
    k = float(coupling)
    if not (math.isfinite(k) and k >= 0):
        raise ValueError(f"coupling must be finite and not negative, got {coupling!r}")
    sweeps, keep_every = (
        _inputs.count(sweeps, "sweeps", 0),
        _inputs.count(keep_every, "keep_every", 0),
    )
    _inputs.generator(rng)
    board = _Colours(s)
    chance = (65536 * math.exp(-4 * k), 65536 * math.exp(-8 * k))
    kept: list[Any] = []
    accepted = np.zeros(n)
    for sweep in range(1, sweeps + 1):
        for colour in (0, 1):
            flips = board.half_sweep(colour, chance, rng)
            if sweep == sweeps:
                accepted += board.unpack(flips).sum((0, 1))[:n]
        if keep_every and sweep % keep_every == 0:
            kept.append(np.array(keep(board.spins())))
    x: Any = board.spins()
    states = np.stack(kept) if kept else np.empty((0, *np.shape(keep(x))))
    return Trace(x, states, accepted / (rows * columns), sweeps)


class _Colours:
    """Two colours of a torus, bit-packed, in sheared coordinates: one line of memory each.

    Site (i, j) with (i + j) % 2 = c lies at [m, i], 2m = j - i - c modulo the side. Then the
    four neighbours of [m, i] of colour 0 are [m, i], [m, i-1], [m-1, i], [m-1, i+1] of colour 1,
    for *every* i, and with both signs turned for colour 1. So a neighbour is a shift of flat
    memory, but for one edge of i. A line of margin before and after repeats the other end of m.
    """

    def __init__(self, spins: Spins) -> None:
        self.chains, rows, columns = spins.shape
        half, width = columns // 2, -(-self.chains // 8)
        m, i = np.arange(half)[:, None], np.arange(rows)
        self.sites = [(i, (2 * m + i + c) % columns) for c in (0, 1)]
        self.board = np.zeros((2, half + 2, rows, width), np.uint8)
        self.inner = self.board[:, 1:-1]
        up = np.packbits(spins.transpose(1, 2, 0) > 0, axis=2)
        for c in (0, 1):
            self.inner[c] = up[self.sites[c]]
            self._wrap(c)
        line = rows * width
        flat, self.shape = self.board.reshape(2, -1), (half, rows, width)
        self.flat = [flat[c, line:-line] for c in (0, 1)]
        self.around = [
            [flat[1 - c, line + way * k :][: half * line] for k in (0, width, line, line - width)]
            for c, way in ((0, -1), (1, 1))
        ]
        self.differ = np.empty((4, half * line), np.uint8)
        edges = self.differ.reshape(4, *self.shape)
        # (where a shift is wrong, the site there, its neighbour), by colour
        ends = ((0, 1, (0, -1)), (1, -1, (-1, 0)))
        self.edges = [
            [
                (edges[1][:, here], self.inner[c][:, here], self.inner[1 - c][:, there]),
                (
                    edges[3][:, there],
                    self.inner[c][:, there],
                    self.board[1 - c, 1 - way : half + 1 - way, here],
                ),
            ]
            for c, way, (here, there) in ends
        ]
        self.accept = np.empty(8 * half * line, bool)
        self.words = -(-self.accept.size // 4)

    def half_sweep(
        self, colour: int, chance: tuple[float, float], rng: np.random.Generator
    ) -> Bytes:
        """Flip the sites of one colour; return which, as packed bits."""
        a, b, c, d = self.differ
        for out, neighbour in zip(self.differ, self.around[colour], strict=True):
            np.bitwise_xor(self.flat[colour], neighbour, out=out)
        for out, site, neighbour in self.edges[colour]:
            np.bitwise_xor(site, neighbour, out=out)
        many = a & b  # two or more neighbours differ
        a |= b
        np.bitwise_and(c, d, out=b)
        many |= b
        c |= d
        np.bitwise_and(a, c, out=b)
        many |= b
        a |= c  # one or more
        words = rng.integers(0, MOST, self.words, np.uint64, endpoint=True)
        uniforms, rounding = words.view(np.uint16)[: self.accept.size], rng.random()
        # ΔE ≤ 0 with two or more different neighbours, 4 with one, 8 with none.
        a &= self._packed(uniforms, int(chance[0] + rounding))
        many |= a
        many |= self._packed(uniforms, int(chance[1] + rounding))
        self.flat[colour] ^= many
        self._wrap(colour)
        flips: Bytes = many.reshape(self.shape)
        return flips

    def _packed(self, uniforms: NDArray[np.uint16], limit: int) -> Bytes:
        """Packed bits that say which uniforms are below a limit, at most 65536."""
        if limit > 65535:
            self.accept.fill(True)
        else:
            np.less(uniforms, np.uint16(limit), out=self.accept)
        return np.packbits(self.accept)

    def _wrap(self, colour: int) -> None:
        """Copy the first and last line into the margin at the other end."""
        b = self.board[colour]
        b[0], b[-1] = b[-2], b[1]

    def unpack(self, packed: Bytes) -> NDArray[np.uint8]:
        """Bits by site and chain."""
        bits: NDArray[np.uint8] = np.unpackbits(packed, axis=2)
        return np.asarray(bits[:, :, : self.chains])

    def spins(self) -> Spins:
        half, rows, width = self.shape
        up = np.empty((rows, 2 * half, width), np.uint8)
        for c in (0, 1):
            up[self.sites[c]] = self.inner[c]
        return self.unpack(up).transpose(2, 0, 1).astype(np.int8, order="C") * np.int8(2) - np.int8(
            1
        )
