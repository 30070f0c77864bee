"""Write the arrays that the package stores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike


def save_arrays(path: Path, **arrays: ArrayLike) -> None:
    """Store named arrays, compressed.

    Raises TypeError for an array of objects: only pickle could hold it, and no page unpickles.
    """
    # NumPy refuses by itself with allow_pickle=False, but only since 2.1: before, that was one
    # more array to store.
    for name, values in arrays.items():
        if np.asarray(values).dtype.hasobject:
            raise TypeError(f"{name} must hold numbers or text, not objects.")
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
