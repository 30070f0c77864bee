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
Bits = NDArray[np.unsignedinteger[Any]]
MOST = np.iinfo(np.uint64).max
LATTICES = ("n", "rows", "columns")


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
    s = _inputs.spins(spins, LATTICES)
    right_and_lower = np.roll(s, -1, 2) + np.roll(s, -1, 1)
    return np.asarray(-(s * right_and_lower).sum((1, 2), dtype=np.int64), float)


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
    s = _inputs.spins(spins, LATTICES)
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
                accepted += board.count(flips)
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
    memory, but for one edge of i. A line of margin repeats the other end of m.
    """

    def __init__(self, spins: Spins) -> None:
        self.chains, rows, columns = spins.shape
        half, packed = columns // 2, _pack(spins)
        m, i = np.arange(half)[:, None], np.arange(rows)
        self.sites = [(i, (2 * m + i + c) % columns) for c in (0, 1)]
        # The bytes of a site in as few numbers as can be: 64 chains are one of 64 bits.
        up = packed.view(f"u{math.gcd(packed.shape[2], 8)}")
        width, line = up.shape[2], up[0].size
        board = np.empty((2, half + 2, rows, width), up.dtype)
        self.inner, memory = board[:, 1:-1], board.reshape(2, -1)
        self.flat = list(memory[:, line:-line])
        edges = np.empty((4, half, rows, width), up.dtype)
        self.differ = list(edges.reshape(4, -1))
        self.pairs = []  # by colour: sites, a neighbour of each, where their difference is put
        for c, way, here, there in ((0, -1, 0, -1), (1, 1, -1, 0)):
            site, other, shifts = board[c, 1:-1], board[1 - c], (0, width, line, line - width)
            pairs = [
                (self.flat[c], memory[1 - c, line + way * k :][: half * line], out)
                for k, out in zip(shifts, self.differ, strict=True)
            ]
            # A shift along i is wrong for the sites of one edge, whose neighbour is at the other.
            beyond = other[1 + way :][:half]
            pairs.append((site[:, here], other[1:-1, there], edges[1][:, here]))
            pairs.append((site[:, there], beyond[:, here], edges[3][:, there]))
            self.pairs.append(pairs)
        # A line beyond the end, where the other colour looks, and the line that it repeats.
        self.margins = [(board[0, -1], board[0, 1]), (board[1, 0], board[1, -2])]
        self.below = np.empty(8 * half * packed[0].size, bool)
        for c in (0, 1):
            self.inner[c] = up[self.sites[c]]
            self._wrap(c)

    def half_sweep(
        self, colour: int, chance: tuple[float, float], rng: np.random.Generator
    ) -> Bits:
        """Flip the sites of one colour; return which, as packed bits."""
        sites, (one, flips) = self.flat[colour], self._different(colour)
        words = rng.integers(0, MOST, -(-self.below.size // 4), np.uint64, endpoint=True)
        uniforms, rounding = words.view(np.uint16)[: self.below.size], rng.random()
        # ΔE ≤ 0 with two or more different neighbours, 4 with one, 8 with none.
        one &= self._below(uniforms, int(chance[0] + rounding))
        flips |= one
        flips |= self._below(uniforms, int(chance[1] + rounding))
        sites ^= flips
        self._wrap(colour)
        return flips

    def _different(self, colour: int) -> tuple[Bits, Bits]:
        """Where a site differs from one neighbour or more, and where from two or more."""
        for site, neighbour, out in self.pairs[colour]:
            np.bitwise_xor(site, neighbour, out=out)
        one, b, c, d = self.differ
        two = one & b
        one |= b
        for differs in (c, d):
            two |= np.bitwise_and(one, differs, out=b)
            one |= differs
        return one, two

    def _below(self, uniforms: NDArray[np.uint16], limit: int) -> Bits:
        """Packed bits that say which uniforms are below a limit, at most 65536."""
        if limit > 65535:
            self.below.fill(True)
        else:
            np.less(uniforms, np.uint16(limit), out=self.below)
        return np.packbits(self.below).view(self.inner.dtype)

    def _wrap(self, colour: int) -> None:
        """Copy into the margin the line that lies at the other end."""
        margin, line = self.margins[colour]
        margin[...] = line

    def count(self, flips: Bits) -> NDArray[np.uint64]:
        """Count the flips of each chain."""
        bits = np.unpackbits(flips.view(np.uint8)).reshape(*self.inner.shape[1:3], -1)
        return np.asarray(bits.sum(0, dtype=np.uint32).sum(0)[: self.chains])

    def spins(self) -> Spins:
        _, half, rows, width = self.inner.shape
        up = np.empty((rows, 2 * half, width), self.inner.dtype)
        for c in (0, 1):
            up[self.sites[c]] = self.inner[c]
        return _unpack(up.view(np.uint8), self.chains)


def _pack(spins: Spins) -> NDArray[np.uint8]:
    """Bits by site, ``(rows, columns, ⌈n/8⌉)``: 1 for +1, chain 8b + k in bit 7 - k of byte b."""
    n, rows, columns = spins.shape
    packed = np.zeros((-(-n // 8), rows, columns), np.uint8)
    for k in range(8):
        packed *= 2
        packed[: len(spins[k::8])] |= spins[k::8] > 0
    return np.ascontiguousarray(packed.transpose(1, 2, 0))


def _unpack(packed: NDArray[np.uint8], n: int) -> Spins:
    """Return the n lattices that ``_pack`` packed."""
    by_byte = np.ascontiguousarray(packed.transpose(2, 0, 1))
    spins = np.empty((n, *by_byte.shape[1:]), np.int8)
    for k in range(8):
        spins[k::8] = (by_byte >> (7 - k) & 1)[: len(spins[k::8])]
    spins *= 2
    spins -= 1
    return spins
