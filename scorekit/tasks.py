r"""The inverse problems on images of chapter 4: truths, operators, measurements, classical answers.

What the tasks are is written down once, in ``tools/make_inverse_data.py``, which stored them with
the answers of classical methods. :func:`inverse_task` reads them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import LinearOperator

from . import _inputs, data, images, operators
from .chains import Array


@dataclass(frozen=True, eq=False)
class InverseTask:
    r"""N images of one family, measured alike: :math:`y=Ax+\tau n`.

    ``family``: ``"digits"``, ``"phantoms"`` or ``"photograph"``. ``shape``: rows and columns.
    ``low``, ``high``: the range of a pixel. ``window``: of :func:`scorekit.images.ssim`.
    ``operator``: A, (m, d). ``truth``, (n, d), and ``y``, (n, m): float32.
    ``psnr``, ``ssim``: of each classical answer, {name: (n,)}. ``answers``: {name: (k, d)}, the
    first few of them, for pictures. These three are empty on the validation part.
    """

    name: str
    family: str
    shape: tuple[int, int]
    low: float
    high: float
    window: int
    operator: LinearOperator
    tau: float
    truth: Array
    y: Array
    psnr: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    ssim: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    answers: dict[str, Array] = field(default_factory=dict)

    def score(self, x: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """PSNR and SSIM of an answer (n, d), clipped to the range of a pixel first."""
        x, span = x.clip(self.low, self.high), self.high - self.low
        return (
            images.psnr(x, self.truth, span=span),
            images.ssim(x, self.truth, self.shape, span=span, window=self.window),
        )


def radon_matrix(angles: int = 12) -> sparse.csr_matrix:
    """What each pixel of a 32 × 32 image adds to each ray of a tomograph.

    Row ``32 * a + r`` is ray r at angle a of ``angles``, spread evenly over 180 degrees from 0;
    ``matrix @ image.ravel()`` is scikit-image's ``radon(image, circle=True).T.ravel()``: sums of
    pixels along rays, so in units of a pixel's side. The image must be 0 outside the circle that
    fits it. ``tools/make_inverse_data.py`` made it by projecting every pixel.

    Parameters
    ----------
    angles : int
        24, or one of its divisors 12, 8, 6, 4, 3, 2, 1.

    Returns
    -------
    scipy.sparse.csr_matrix, shape (32 * angles, 1024)

    Raises
    ------
    ValueError, TypeError
        If there is no such number of angles.
    """
    arrays = data.read("radon.npz")
    most = len(arrays["angles"])
    if _inputs.count(angles, "angles") > most or most % angles:
        raise ValueError(f"angles must divide {most}, got {angles}")
    parts = arrays["values"].astype(float), arrays["columns"], arrays["starts"]
    whole = sparse.csr_matrix(parts, shape=(32 * most, 1024))
    rows = np.arange(32 * most).reshape(most, 32)[:: most // angles].ravel()
    return whole[rows]


def inverse_task(name: str, n: int | None = None, *, part: str = "test") -> InverseTask:
    """One of the inverse problems of chapter 4: its first n images, all unless n is given.

    - digits, 100 of each part: ``"inpaint"``, ``"blur"``, ``"sr2"`` (×2 super-resolution)
    - head phantoms, 64 of each part: ``"tomo12"``, ``"tomo8"``, ``"tomo6"`` (angles), ``"mri"``
    - a photograph: ``"photo"`` (×2 super-resolution)

    The noise is drawn from a seed that is stored with the task, another one for each part; the
    first images keep theirs whatever n is. Steps and scales are chosen on ``part="validation"``,
    figures reported on ``"test"``. The validation part of ``"photo"`` is the middles of the three
    photographs that a prior may learn from.

    Raises
    ------
    ValueError, TypeError
        If there is no such task or part, or n is not between 1 and the number of its images.
    """
    stored = data.read("inverse.npz")
    every = json.loads(str(stored["tasks"]))
    if name not in every:
        raise ValueError(f"name must be one of {', '.join(every)}, got {name!r}")
    rules = every[name]
    if part not in rules["seeds"]:
        raise ValueError(f"part must be {' or '.join(rules['seeds'])}, got {part!r}")
    whole = _truth(rules["family"], part, stored)
    n = len(whole) if n is None else _inputs.count(n, "n")
    if n > len(whole):
        raise ValueError(f"n must be at most {len(whole)}, got {n}")
    task = measure(name, rules, whole[:n], part, stored)
    if part != "test":
        return task

    def found(kind: str) -> dict[str, Any]:
        return {m: stored[f"{name}_{m}_{kind}"][:n].astype(float) for m in rules["methods"]}

    return replace(task, psnr=found("psnr"), ssim=found("ssim"), answers=found("answers"))


def measure(
    name: str, rules: dict[str, Any], truth: Array, part: str, masks: dict[str, Any]
) -> InverseTask:
    """A task from its rules, an entry of TASKS in ``tools/make_inverse_data.py``."""
    shape = (rules["shape"][0], rules["shape"][1])
    kind, value = rules["operator"]
    if kind == "mask":
        operator = operators.mask(masks[value])
    elif kind == "masked_fourier":
        operator = operators.masked_fourier(shape, masks[value])
    elif kind == "radon":
        operator = operators.radon(radon_matrix(value))
    else:
        operator = getattr(operators, kind)(shape, value)
    noise = np.random.default_rng(rules["seeds"][part]).standard_normal(
        (len(truth), operator.shape[0])
    )
    y = operators.apply(operator, truth.astype(float)) + rules["tau"] * noise
    about = rules["low"], rules["high"], rules["window"], operator, rules["tau"]
    return InverseTask(name, rules["family"], shape, *about, truth, y.astype(np.float32))


def _truth(family: str, part: str, stored: dict[str, Any]) -> Array:
    if family == "digits":
        points = data.digits()[0][stored[f"digits_{part}"].astype(int)] / 8 - 1
    elif family == "phantoms":
        points = stored[f"phantoms_{part}"]
    elif part == "test":
        points = data.photograph().reshape(1, -1)
    else:
        points = data.training_photographs()[:, 16:112, 16:112].reshape(3, -1)
    return np.asarray(points, np.float32)
