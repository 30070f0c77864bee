"""Make scorekit/data/posteriors.npz: how chapter 04's posteriors do on all test images.

    python -m tools.make_posterior_tables                  all parts, about fifteen CPU-minutes
    python -m tools.make_posterior_tables --only digits    one of digits, phantoms, photo, exact
    python -m tools.make_posterior_tables --choose digits  the validation runs behind SETTINGS

Nothing here was chosen on test images: --choose prints what the settings were chosen by. A part
that is not made again is kept as it is stored. The tasks are scorekit.tasks.inverse_task's.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture as Fit

from scorekit import data, exactness, tasks
from scorekit.credible import coverage
from scorekit.densities import GaussianMixture
from scorekit.diffusion import karras_sigmas, predictor_corrector
from scorekit.inverse import dps_score, posterior_samples
from scorekit.patches import PatchPrior
from scorekit.priors import load_prior
from scorekit.tasks import InverseTask
from tools.stored import save_arrays

Array = NDArray[Any]
STORED = Path(__file__).parents[1] / "scorekit" / "data" / "posteriors.npz"


class Settings(NamedTuple):
    """The ladder, the corrector and the numbers of samples and images of a family."""

    high: float
    low: float
    levels: int
    step: float
    copies: int
    images: int


# By --choose, on validation images. Digits: 60 or 90 levels gain at most 0.1 dB over 40, and their
# intervals hold less (0.88, not 0.90); other starts or corrector steps: no more. So with phantoms.
SETTINGS = {
    "digits": Settings(5.0, 0.04, 40, 0.3, 39, 100),
    "phantoms": Settings(5.0, 0.015, 40, 0.3, 19, 50),
    "photograph": Settings(1.0, 0.02, 40, 0.3, 24, 1),
}
DPS_SCALE, DPS_LEVELS = {"inpaint": 8.0, "blur": 3.0, "sr2": 8.0}, 100
TASKS = {
    "digits": ("inpaint", "blur", "sr2"),
    "phantoms": ("tomo12", "tomo8", "tomo6", "mri"),
    "photo": ("photo",),
}
DIMENSIONS, REPEATS, POINTS = (2, 8, 40), 4, 1000
SIDE, HILLS, PATCHES = 6, 24, 12_000  # of the patch prior
SHOWN = 1  # pictures kept: the file stays under 100 kB, and so in the wheel


def moments(family: str) -> tuple[Any, Array, Array]:
    """The prior of a family, with the mean and covariance of its training part."""
    prior = load_prior(family)
    if family == "digits":
        known = data.digits()[0][prior.rows["train"]] / 8 - 1
        return prior.net, known.mean(0), np.cov(known.T)
    return prior.net, prior.net.mean.astype(float), prior.covariance()


def active_pixels(task: InverseTask, covariance: Array) -> Array:
    """Pixels whose spread is at least an eighth of the range, less those that were measured."""
    varied = np.sqrt(np.diag(covariance)) > (task.high - task.low) / 8
    if task.name == "inpaint":
        varied &= task.operator.rmatvec(np.ones(len(task.y[0]))) == 0
    return np.asarray(varied)


def sample(task: InverseTask, how: Settings, *, rng: np.random.Generator) -> Array:
    """The posterior's samples, (copies, n, d), by the book's one function."""
    net, mean, covariance = moments(task.family)
    levels = karras_sigmas(how.high, how.low, how.levels)
    parts = [
        posterior_samples(
            net, task.operator, y, task.tau, levels,
            mean=mean, covariance=covariance, copies=how.copies, rng=rng, step=how.step,
        )
        for y in np.array_split(task.y, max(1, len(task.y) * how.copies // 1000))
    ]  # fmt: skip
    return np.concatenate(parts, 1)


def sample_dps(
    task: InverseTask, how: Settings, scale: float, *, rng: np.random.Generator
) -> Array:
    """The same by DPS with its normalised step."""
    net, mean, _ = moments(task.family)
    y = np.tile(task.y, (how.copies, 1))
    score = dps_score(net, task.operator, y, task.tau, scale=scale, normalised=True).posterior
    start = mean + how.high * rng.standard_normal((len(y), len(mean)))
    levels = karras_sigmas(how.high, how.low, DPS_LEVELS)
    run = predictor_corrector(score, start.astype(np.float32), levels, rng=rng, corrector_steps=0)
    x = run.x + np.float32(how.low**2) * score(run.x, how.low)
    return x.reshape(how.copies, len(task.y), -1)


def report(task: InverseTask, x: Array, how: Settings, *, rng: np.random.Generator) -> Any:
    """PSNR and SSIM of the mean, coverage of the 90% intervals; image by image."""
    psnr, ssim = task.score(x.mean(0))
    active = active_pixels(task, moments(task.family)[2])
    covered = coverage(x, task.truth, grain=how.low, active=active, rng=rng)
    error, spread = x.mean(0) - task.truth, x.var(0, ddof=1) * (1 + 1 / len(x))
    ratio = np.sqrt(spread[:, active].mean(1).mean() / (error[:, active] ** 2).mean(1).mean())
    one = task.score(x[0])[0]
    print(
        f"{task.name:8} {psnr.mean():6.2f} dB  ssim {ssim.mean():.3f}  covered {covered.mean():.3f}"
        f"  spread/error {ratio:.2f}  one sample {one.mean():6.2f} dB",
        *(f"{name} {np.mean(psnr - theirs):+.2f}" for name, theirs in task.psnr.items()),
        flush=True,
    )
    return {"psnr": psnr, "ssim": ssim, "covered": covered, "one": one}


def make_images(family: str) -> dict[str, Array]:
    """The table of a family on the test part."""
    how, arrays = SETTINGS[family], dict[str, Array]()
    for seed, name in enumerate(TASKS[family]):
        task, rng = tasks.inverse_task(name, how.images), np.random.default_rng([4, seed])
        x = sample(task, how, rng=rng)
        found = report(task, x, how, rng=rng)
        arrays |= {f"{name}_{key}": a.astype(np.float32) for key, a in found.items()}
        arrays[f"{name}_mean"] = x.mean(0)[:SHOWN].astype(np.float16)
        arrays[f"{name}_sd"] = x.std(0, ddof=1)[:SHOWN].astype(np.float16)
        arrays[f"{name}_draws"] = x[:1, :SHOWN].astype(np.float16)
        if name in DPS_SCALE:
            few = how._replace(copies=19)
            x = sample_dps(task, few, DPS_SCALE[name], rng=rng)
            found = report(task, x, few, rng=rng)
            arrays |= {f"{name}_dps_{key}": a.astype(np.float32) for key, a in found.items()}
    return arrays


def patch_prior(shape: tuple[int, int]) -> PatchPrior:
    """A mixture fitted to patches of three other photographs, by scikit-learn."""
    rng, pictures = np.random.default_rng(0), data.training_photographs()
    windows = np.lib.stride_tricks.sliding_window_view(pictures, (SIDE, SIDE), axis=(1, 2))
    every = windows.reshape(-1, SIDE**2)
    some = every[rng.choice(len(every), PATCHES, replace=False)]
    fit = Fit(HILLS, reg_covar=1e-4, max_iter=60, random_state=0, init_params="k-means++").fit(some)
    return PatchPrior(
        GaussianMixture(fit.weights_ / fit.weights_.sum(), fit.means_, fit.covariances_), shape
    )


def make_photo(part: str = "test", how: Settings = SETTINGS["photograph"]) -> dict[str, Array]:
    """The photograph, by the patch prior: no covariance of a whole picture is known."""
    task, rng = tasks.inverse_task("photo", 1, part=part), np.random.default_rng(4)
    pictures = data.training_photographs()
    x = posterior_samples(
        patch_prior(task.shape), task.operator, task.y, task.tau,
        karras_sigmas(how.high, how.low, how.levels),
        mean=np.full(task.truth.shape[1], pictures.mean()), covariance=pictures.var(),
        copies=how.copies, rng=rng, step=how.step,
    )  # fmt: skip
    psnr, ssim = task.score(x.mean(0))
    for name, theirs in task.psnr.items():
        print(f"photo    {name} {theirs[0]:.2f} dB {task.ssim[name][0]:.3f}")
    print(f"photo    {psnr[0]:.2f} dB  ssim {ssim[0]:.3f}", flush=True)
    found = {"psnr": psnr, "ssim": ssim, "mean": x.mean(0), "sd": x.std(0, ddof=1)}
    return {f"photo_{key}": np.asarray(a, np.float16) for key, a in found.items()}


def make_exact() -> dict[str, Array]:
    """Sliced Wasserstein distances: (repeats, likelihoods, samplers), and their errors."""
    arrays: dict[str, Array] = {}
    for d in DIMENSIONS:
        value, error, floor = [], [], []
        for repeat in range(REPEATS):
            rng = np.random.default_rng([4, d, repeat])
            found = exactness.compare(exactness.problem(d, rng=rng), POINTS, rng=rng)
            cells = [[found[a, b] for b in exactness.SAMPLERS] for a in exactness.LIKELIHOODS]
            value.append([[e.value for e in line] for line in cells])
            error.append([[e.se for e in line] for line in cells])
            floor.append(found["floor", ""].value)
        arrays |= {f"exact{d}": np.array(value), f"exact{d}_se": np.array(error)}
        arrays[f"exact{d}_floor"] = np.array(floor)
        print(f"d = {d}: floor {np.mean(floor):.3f}")
        for name, line in zip(exactness.LIKELIHOODS, np.mean(value, 0), strict=True):
            print(f"{name:24}", *(f"{v:.3f}" for v in line), flush=True)
    return arrays


def choose(family: str) -> None:
    """Validation runs: the ladder and the corrector of a family, the scale of DPS."""
    base = SETTINGS[family]._replace(copies=19, images=40 if family == "digits" else 8)
    tried: list[dict[str, Any]] = [{}, {"levels": 60}, {"levels": 90}]
    tried += [{"step": 0.15}, {"step": 0.6}, {"high": 15.0}]
    for name in TASKS[family]:
        task = tasks.inverse_task(name, base.images, part="validation")
        for change in tried:
            how = base._replace(**change)
            print(change, end="  ")
            report(
                task,
                sample(task, how, rng=np.random.default_rng(1)),
                how,
                rng=np.random.default_rng(2),
            )
        for scale in (1.0, 3.0, 8.0) if family == "digits" else ():
            print(f"DPS, scale {scale}", end="  ")
            x = sample_dps(task, base, scale, rng=np.random.default_rng(1))
            report(task, x, base, rng=np.random.default_rng(2))


def main(arguments: list[str] | None = None) -> None:
    """Make the parts asked for, and keep the others."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    makers: dict[str, Any] = {
        "digits": lambda: make_images("digits"),
        "phantoms": lambda: make_images("phantoms"),
        "photo": make_photo,
        "exact": make_exact,
    }
    parser.add_argument("--only", nargs="+", choices=list(makers), default=list(makers))
    parser.add_argument("--choose", choices=("digits", "phantoms"))
    parser.add_argument("--out", type=Path, default=STORED)
    options = parser.parse_args(arguments)
    if options.choose:
        choose(options.choose)
        return
    for part in options.only:
        found = makers[part]()
        kept = dict(np.load(options.out)) if options.out.exists() else {}
        about = json.loads(str(kept["about"])) if "about" in kept else {}
        about |= {"command": "python -m tools.make_posterior_tables", part: settings(part)}
        save_arrays(options.out, **(kept | found | {"about": np.asarray(json.dumps(about))}))


def settings(part: str) -> str:
    """What a part was made with."""
    if part == "exact":
        return f"{REPEATS} problems a dimension, {POINTS} points, default_rng([4, d, repeat])"
    return str(SETTINGS["photograph" if part == "photo" else part])


if __name__ == "__main__":
    main()
