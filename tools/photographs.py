"""The photographs of chapter 04, made from examples of scikit-image."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage import data as pictures
from skimage.color import rgb2gray
from skimage.transform import resize

Array = NDArray[Any]


def photographs() -> dict[str, Array]:
    """A cat to restore, and three photographs to learn from, in grey."""
    cat = resize(rgb2gray(pictures.chelsea()), (150, 225), anti_aliasing=True)[12:108, 66:162]
    others = [
        resize(image, (128, 128), anti_aliasing=True)
        for image in (
            rgb2gray(pictures.astronaut())[:384, 32:416],
            pictures.camera()[40:424, 80:464] / 255,
            rgb2gray(pictures.coffee())[8:392, 100:484],
        )
    ]
    about = {
        "source": f"scikit-image {version('scikit-image')}, skimage.data, grey, made smaller",
        "test": "chelsea, the cat; CC0 by Stefan van der Walt",
        "training": [
            "astronaut, Eileen Collins; NASA, public domain",
            "camera; CC0 by Lav Varshney",
            "coffee; CC0 by Rachel Michetti",
        ],
    }
    grey = {"test": cat, "training": np.asarray(others)}
    stored = {key: np.round(255 * image).astype(np.uint8) for key, image in grey.items()}
    return stored | {"about": np.asarray(json.dumps(about))}
