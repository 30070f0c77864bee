"""The book's figures: one style, colour-blind safe, drawn on a light card.

Every helper takes the axes it draws on, so a chapter's code stays a few lines and a reader can add
to any figure.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from . import _inputs

# Okabe & Ito (2008), https://jfly.uni-koeln.de/color/: told apart by all common kinds of vision.
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, INK = "#CC79A7", "#56B4E9", "#222222"
COLOURS = [BLUE, RED, GREEN, ORANGE, PURPLE, SKY]

Extent = tuple[float, float, float, float]
Function = Callable[[NDArray[np.floating]], NDArray[np.floating]]


def use_style() -> None:
    """Set Matplotlib's defaults to the book's: call it once, in a chapter's first cell."""
    plt.rcParams.update(
        {
            "figure.dpi": 100,
            "figure.figsize": (7.0, 3.6),
            "figure.facecolor": "white",
            "figure.constrained_layout.use": True,
            "savefig.facecolor": "white",
            "axes.prop_cycle": plt.cycler(color=COLOURS),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": "medium",
            "axes.titlelocation": "left",
            "font.size": 10,
            "image.cmap": "viridis",
            "legend.frameon": False,
            "lines.linewidth": 1.8,
        }
    )


def grid(extent: Extent, n: int = 100) -> NDArray[np.float64]:
    """Points of a square grid, ``(n * n, 2)``: x runs fastest.

    Parameters
    ----------
    extent : (left, right, bottom, top)
    n : int
        Points a side, at least 2.
    """
    left, right, bottom, top = extent
    if not (left < right and bottom < top):
        raise ValueError(f"extent must be (left, right, bottom, top) in order, got {extent}")
    n = _inputs.count(n, "n", 2)
    x, y = np.meshgrid(np.linspace(left, right, n), np.linspace(bottom, top, n))
    return np.stack([x.ravel(), y.ravel()], axis=1)


def contours(
    ax: Any, f: Function, extent: Extent, *, levels: Any = 12, n: int = 120, **style: Any
) -> Any:
    """Filled contours of a function of the plane, with thin lines on top; returns the filled set.

    ``f`` takes points ``(m, 2)`` and returns ``(m,)``: a density's ``log_prob``, for example.
    """
    points = grid(extent, n)
    x, y = points.T.reshape(2, n, n)
    z = np.asarray(f(points)).reshape(n, n)
    filled = ax.contourf(x, y, z, levels=levels, **{"extend": "min", **style})
    ax.contour(x, y, z, levels=filled.levels, colors="white", linewidths=0.4, alpha=0.6)
    ax.set_aspect("equal")
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    return filled


def arrows(
    ax: Any, field: Function, extent: Extent, *, n: int = 17, power: float = 0.5, **style: Any
) -> Any:
    """Arrows of a field on a grid, lengths raised to ``power`` so that short ones stay visible."""
    points = grid(extent, n)
    v = np.asarray(field(points))
    length = np.linalg.norm(v, axis=1, keepdims=True)
    scaled = v * np.where(length > 0, length, 1) ** (power - 1)
    return ax.quiver(
        *points.T, *scaled.T, **{"color": INK, "width": 0.004, "pivot": "tail", **style}
    )


def surface(
    ax: Any, f: Function, extent: Extent, *, floor: float | None = None, n: int = 70, **style: Any
) -> Any:
    """A shaded surface over the plane, on axes made with ``projection="3d"``; cut at ``floor``."""
    points = grid(extent, n)
    x, y = points.T.reshape(2, n, n)
    z = np.asarray(f(points)).reshape(n, n)
    if floor is not None:
        z = np.maximum(z, floor)
    drawn = ax.plot_surface(
        x,
        y,
        z,
        **{
            "cmap": "viridis",
            "rcount": n,
            "ccount": n,
            "linewidth": 0,
            "antialiased": False,
            **style,
        },
    )
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    return drawn


@dataclass(frozen=True)
class Animation:
    """A looping GIF that stays folded until the reader plays it: nothing moves unasked."""

    gif: bytes = field(repr=False)
    alt: str
    seconds: float

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.gif).decode()
        size = f"{self.seconds:.0f} s, {len(self.gif) / 1000:.0f} kB"
        return (
            f'<details class="animation"><summary>Play the animation ({size})</summary>'
            f'<img src="data:image/gif;base64,{data}" alt="{html.escape(self.alt)}"></details>'
        )


def animate(
    fig: Any, draw: Callable[[Any], None], frames: Iterable[Any], *, seconds: float, alt: str
) -> Animation:
    """Make a GIF: call ``draw(frame)`` for each frame and photograph ``fig`` after it.

    Parameters
    ----------
    fig : matplotlib Figure
        Closed afterwards, so that the notebook does not show it a second time.
    draw : callable
    frames : iterable
    seconds : float
        How long one loop takes.
    alt : str
        What a reader who cannot see it should know.

    Returns
    -------
    Animation

    Raises
    ------
    ValueError
        If there are fewer than two frames, or ``alt`` is empty.
    """
    from PIL import Image

    if not alt.strip():
        raise ValueError("alt must say what the animation shows, got an empty text")
    pictures: list[Any] = []
    for frame in frames:
        draw(frame)
        buffer = io.BytesIO()
        fig.savefig(buffer, format="png", dpi=80)
        # One fixed palette from the first frame: later frames then differ only where things move.
        picture = Image.open(buffer).convert("RGB")
        palette = pictures[0] if pictures else None
        pictures.append(
            picture.quantize(24, dither=Image.Dither.NONE)
            if palette is None
            else picture.quantize(palette=palette, dither=Image.Dither.NONE)
        )
    plt.close(fig)
    if len(pictures) < 2:
        raise ValueError(f"frames must hold at least 2 frames, got {len(pictures)}")
    buffer = io.BytesIO()
    pause = round(1000 * _inputs.positive(seconds, "seconds") / len(pictures))
    pictures[0].save(
        buffer, format="gif", save_all=True, append_images=pictures[1:], duration=pause, loop=0
    )
    return Animation(buffer.getvalue(), alt, seconds)
