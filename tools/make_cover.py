"""Draw the figure of the book's first page: a landscape, walkers on it, and digits out of noise.

python -m tools.make_cover               writes book/_static/cover.png
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from scorekit.densities import three_hills
from scorekit.diffusion import karras_sigmas, predictor_corrector
from scorekit.langevin import ula
from scorekit.plotting import RED, arrows, contours, use_style
from scorekit.priors import load_prior

STORED = Path("book/_static/cover.png")
EXTENT = (-4.2, 4.2, -3.6, 4.4)
WALKERS, STEP, STEPS = 400, 0.02, 1000
DIGITS, LEVELS, EVERY = 3, 61, 10  # rows; noise levels; one picture for so many of them


def landscape(axes: Any, rng: np.random.Generator) -> None:
    """The hills with their arrows, walkers let loose anywhere, and where they are later."""
    hills = three_hills()
    left, right, bottom, top = EXTENT
    start = rng.uniform((left, bottom), (right, top), (WALKERS, 2))
    later = ula(hills.score, start, STEP, STEPS, rng=rng).x
    titles = (
        "the score: which way is up",
        "walkers anywhere …",
        f"… and after {STEPS} noisy steps",
    )
    for ax, title, walkers in zip(axes, titles, (None, start, later), strict=True):
        contours(ax, hills.log_prob, EXTENT, levels=np.arange(-12, 0, 0.75))
        ax.set(title=title, xlabel="", ylabel="", xticks=[], yticks=[], xlim=EXTENT[:2])
        ax.set_ylim(EXTENT[2:])
        if walkers is None:
            arrows(ax, hills.score, EXTENT, n=13, color="white", width=0.006)
        else:
            ax.plot(*walkers.T, ".", color="white", mec=RED, mew=0.7, ms=4)


def digits_from_noise(rng: np.random.Generator) -> tuple[NDArray[np.floating], list[float]]:
    """Pictures (stages, DIGITS, 64) on the way down from pure noise, each over its own spread."""
    net = load_prior("digits").net
    sigmas = karras_sigmas(10.0, 0.03, LEVELS)
    x = net.mean + sigmas[0] * rng.standard_normal((DIGITS, net.dim)).astype(np.float32)
    stages, marks = [x], range(0, LEVELS, EVERY)
    for a, b in pairwise(marks):
        x = predictor_corrector(net, x, sigmas[a : b + 1], rng=rng, step=0.2).x
        stages.append(x)
    levels = [float(sigmas[k]) for k in marks]
    shown = [
        s / np.sqrt(level**2 + net.sd**2) * net.sd for s, level in zip(stages, levels, strict=True)
    ]
    return np.stack(shown), levels


def cover(rng: np.random.Generator) -> Any:
    """The whole figure."""
    use_style()
    fig = plt.figure(figsize=(9, 5.9))
    above, below = fig.subfigures(2, 1, height_ratios=(1, 1.05))
    landscape(above.subplots(1, 3), rng)
    pictures, levels = digits_from_noise(rng)
    below.suptitle("digits that nobody wrote, on their way out of pure noise", fontsize="medium")
    for column, level in zip(below.subplots(DIGITS, len(levels)).T, levels, strict=True):
        for ax, picture in zip(column, pictures[levels.index(level)], strict=True):
            ax.imshow(picture.reshape(8, 8), cmap="gray_r", vmin=-1.2, vmax=1.2)
            ax.set_axis_off()
        column[0].set_title(f"noise {level:.2g}", loc="center")
    return fig


def main(arguments: list[str] | None = None) -> None:
    """Draw and write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--out", type=Path, default=STORED)
    options = parser.parse_args(arguments)
    fig = cover(np.random.default_rng(options.seed))
    fig.savefig(options.out, dpi=130)
    plt.close(fig)
    print(options.out)


if __name__ == "__main__":
    main()
