"""Make the stored data of chapter 04: scorekit/data/{radon,photographs,inverse}.npz.

    python -m tools.make_inverse_data            all of it, about three CPU-minutes
    python -m tools.make_inverse_data --only radon photographs

TASKS is the one place where the tasks are defined; scorekit.tasks reads it back from the file. What
a method leaves open (a weight, a filter) is chosen on the validation part by mean squared error.
Needs scikit-image (van der Walt et al. 2014, doi:10.7717/peerj.453).
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from skimage.transform import radon

from scorekit.tasks import InverseTask, measure
from tools import inverse_baselines as classical, make_phantoms, train_digits
from tools.photographs import photographs
from tools.stored import save_arrays

Array = NDArray[Any]
FOLDER = Path(__file__).parents[1] / "scorekit" / "data"
SIZE, ANGLES = 32, np.arange(24) * 180 / 24
COUNTS = {"digits": 100, "phantoms": 64}  # images of each part
SHOWN = 8  # answers kept for pictures; of all others only PSNR and SSIM
MRI_SHARE, MRI_SEED = 0.25, 40
RAYS_TAU = 0.18  # about 1.5% of the largest ray through a phantom

DIGITS: dict[str, Any] = {
    "family": "digits",
    "shape": (8, 8),
    "low": -1.0,
    "high": 1.0,
    "window": 5,
}
HEADS: dict[str, Any] = {
    "family": "phantoms",
    "shape": (32, 32),
    "low": 0.0,
    "high": 1.0,
    "window": 7,
}
PHOTO: dict[str, Any] = {
    "family": "photograph",
    "shape": (96, 96),
    "low": 0.0,
    "high": 1.0,
    "window": 7,
}
# operator: its name in scorekit.operators, and a number or the name of a stored mask.
TASKS: dict[str, dict[str, Any]] = {
    "inpaint": DIGITS
    | {
        "operator": ("mask", "keep_inpaint"),
        "tau": 0.05,
        "methods": ("wiener", "biharmonic", "tv"),
    },
    "blur": DIGITS
    | {"operator": ("blur", 0.75), "tau": 0.2, "methods": ("wiener", "tikhonov", "tv")},
    "sr2": DIGITS
    | {"operator": ("downsample", 2), "tau": 0.05, "methods": ("wiener", "bicubic", "tv")},
    **{
        f"tomo{k}": HEADS
        | {"operator": ("radon", k), "tau": RAYS_TAU, "methods": ("wiener", "fbp", "tv")}
        for k in (12, 8, 6)
    },
    "mri": HEADS
    | {
        "operator": ("masked_fourier", "keep_mri"),
        "tau": 0.02,
        "methods": ("wiener", "zero_filled", "tv"),
    },
    "photo": PHOTO | {"operator": ("downsample", 2), "tau": 0.02, "methods": ("bicubic", "tv")},
}
for order, task in enumerate(TASKS.values()):
    task["seeds"] = {"validation": 410 + 2 * order, "test": 411 + 2 * order}
SEARCH = {
    "tv": np.geomspace(1e-5, 1, 16).round(7).tolist(),  # in units of the operator's norm squared
    "tikhonov": np.geomspace(1e-3, 10, 13).round(6).tolist(),
    "fbp": ["ramp", "shepp-logan", "cosine", "hamming", "hann"],
}


def radon_matrix() -> sparse.csr_matrix:
    """Project every pixel with scikit-image: (24 angles × 32 rays, 1024)."""
    matrix = np.zeros((len(ANGLES) * SIZE, SIZE**2), np.float32)
    with warnings.catch_warnings():
        # Corner pixels leave the frame at some angles; images must be 0 there, as phantoms are.
        warnings.filterwarnings("ignore", "Radon transform: image must be zero outside")
        for k in range(SIZE**2):
            basis = np.zeros(SIZE**2)
            basis[k] = 1
            matrix[:, k] = radon(basis.reshape(SIZE, SIZE), ANGLES, circle=True).T.ravel()
    return sparse.csr_matrix(matrix)


def mri_mask() -> Array:
    """A quarter of the frequencies, dense in the middle, one of each pair k and -k."""
    k = np.fft.fftfreq(SIZE, 1 / SIZE)
    down, across = k[:, None], k[None, :]
    radius = np.hypot(down, across)
    first = (down > 0) | ((down == 0) & (across >= 0))
    first &= (down > -SIZE // 2) & (across > -SIZE // 2)
    score = np.random.default_rng(MRI_SEED).random(radius.shape) ** (radius**2 / 40)
    score = np.where(radius <= 3, 2, score) * first
    keep = np.zeros(radius.shape, bool)
    keep.flat[np.argsort(-score, axis=None)[: int(MRI_SHARE * SIZE**2 / 2)]] = True
    return keep


@cache
def truths(family: str, part: str) -> Array:
    """The images of a part, as float32 points."""
    if family == "photograph":
        grey = photographs()
        chosen = grey["test"][None] if part == "test" else grey["training"][:, 16:112, 16:112]
        return (chosen.reshape(-1, 96**2) / 255).astype(np.float32)
    if family == "digits":
        return train_digits.parts()[part][: COUNTS[family]]
    return make_phantoms.part(part, COUNTS[family]).astype(np.float16).astype(np.float32)


@cache
def moments(family: str) -> tuple[Array, Array]:
    """Mean and covariance of the training part."""
    known = train_digits.parts()["train"] if family == "digits" else make_phantoms.part("train")
    return known.mean(0, dtype=float), np.cov(known.T, dtype=float)


def masks() -> dict[str, Array]:
    """The two masks that tasks name."""
    upper = np.zeros((8, 8), bool)
    upper[:4] = True
    return {"keep_inpaint": upper, "keep_mri": mri_mask()}


def answer(task: InverseTask, method: str, choice: Any) -> Array:
    """One classical method on a batch."""
    y, operator = task.y.astype(float), task.operator
    if method == "wiener":
        return classical.wiener(operator, y, task.tau, *moments(task.family))
    if method in ("tv", "tikhonov"):
        weight = choice * classical.largest_singular_value(operator) ** 2
        if method == "tikhonov":
            return classical.tikhonov(operator, y, task.shape, weight)
        return classical.total_variation(operator, y, task.shape, weight, (task.low, task.high))
    if method == "bicubic":
        return classical.bicubic(y, (task.shape[0] // 2, task.shape[1] // 2), task.shape)
    if method == "biharmonic":
        return classical.biharmonic(y, masks()["keep_inpaint"])
    if method == "zero_filled":
        return classical.zero_filled(y, masks()["keep_mri"])
    angles = ANGLES[:: len(ANGLES) * SIZE // y.shape[1]]
    return classical.back_projection(y, SIZE, angles, choice)


def choose(task: InverseTask, method: str) -> Any:
    """The choice with the least squared error on the validation part."""

    def error(choice: Any) -> float:
        got = answer(task, method, choice).clip(task.low, task.high)
        return float(((got - task.truth) ** 2).mean())

    return min(SEARCH[method], key=error) if method in SEARCH else None


def solve(name: str, n: int | None = None) -> tuple[dict[str, Any], dict[str, Array]]:
    """What was chosen for each method of a task, and how its answers on the test part do."""
    rules, chosen, arrays = TASKS[name], {}, {}
    validation, test = (
        measure(name, rules, truths(rules["family"], part)[:n], part, masks())
        for part in ("validation", "test")
    )
    for method in rules["methods"]:
        chosen[method] = choose(validation, method)
        got = answer(test, method, chosen[method]).clip(test.low, test.high)
        arrays[f"{name}_{method}_psnr"], arrays[f"{name}_{method}_ssim"] = test.score(got)
        arrays[f"{name}_{method}_answers"] = got[:SHOWN].astype(np.float16)
        quality = [arrays[f"{name}_{method}_{kind}"].mean() for kind in ("psnr", "ssim")]
        print(f"{name:8} {method:12} {chosen[method]!s:12.12} {quality[0]:6.2f} {quality[1]:.3f}")
    return chosen, arrays


def make_inverse() -> dict[str, Array]:
    """Definitions, truths and classical answers."""
    arrays = dict(masks())
    rows = train_digits.rows()
    for name in ("validation", "test"):
        arrays[f"digits_{name}"] = rows[name][: COUNTS["digits"]].astype(np.int16)
        arrays[f"phantoms_{name}"] = truths("phantoms", name).astype(np.float16)
    rules = {}
    for name, task in TASKS.items():
        chosen, found = solve(name)
        rules[name] = task | {"chosen": chosen}
        arrays |= {
            key: a if a.dtype == np.float16 else a.astype(np.float32) for key, a in found.items()
        }
    about = {
        "command": "python -m tools.make_inverse_data",
        "scikit-image": version("scikit-image"),
        "digits": "rows of scorekit.data.digits(), as tools/train_digits.py splits them",
        "phantoms": f"scorekit.phantoms.phantoms, default_rng of {make_phantoms.SEEDS}",
    }
    head = {"tasks": np.asarray(json.dumps(rules)), "about": np.asarray(json.dumps(about))}
    return head | arrays


def make_radon() -> dict[str, Array]:
    """The matrix of the Radon transform, row by row."""
    matrix = radon_matrix()
    about = f"skimage.transform.radon {version('scikit-image')}, circle=True, of every basis image"
    return {
        "values": matrix.data,
        "columns": matrix.indices.astype(np.int16),
        "starts": matrix.indptr.astype(np.int32),
        "angles": ANGLES,
        "about": np.asarray(json.dumps(about)),
    }


MAKERS: dict[str, Callable[[], dict[str, Array]]] = {
    "radon": make_radon,
    "photographs": photographs,
    "inverse": make_inverse,  # reads the other two
}


def main(arguments: list[str] | None = None) -> None:
    """Make the files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=list(MAKERS), default=list(MAKERS))
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    for name in options.only:
        save_arrays(options.folder / f"{name}.npz", **MAKERS[name]())


if __name__ == "__main__":
    main()
