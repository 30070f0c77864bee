"""The head phantoms of each part: to train on, to choose by and to report on.

python -m tools.make_phantoms            look at them: writes phantoms.png

Nothing is stored: a seed is enough. Phantoms of different parts come from generators of their own.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scorekit.phantoms import phantoms

SEEDS = {"train": 4001, "validation": 4002, "test": 4003}
SIZES = {"train": 60_000, "validation": 1000, "test": 1000}


def part(name: str, n: int | None = None) -> NDArray[np.float32]:
    """The phantoms of a part, or its first n."""
    return phantoms(SIZES[name] if n is None else n, rng=np.random.default_rng(SEEDS[name]))


def contact_sheet(points: NDArray[np.floating], columns: int = 12) -> NDArray[np.floating]:
    """Images side by side."""
    side = int(np.sqrt(points.shape[1]))
    rows = points[: len(points) // columns * columns].reshape(-1, columns, side, side)
    return rows.transpose(0, 2, 1, 3).reshape(-1, columns * side)


def main(arguments: list[str] | None = None) -> None:
    """Draw some of a part."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--part", choices=list(SEEDS), default="train")
    parser.add_argument("--out", type=Path, default=Path("phantoms.png"))
    options = parser.parse_args(arguments)
    from matplotlib.image import imsave

    imsave(
        options.out, contact_sheet(part(options.part, 96)).repeat(3, 0).repeat(3, 1), cmap="gray"
    )
    print(options.out)


if __name__ == "__main__":
    main()
