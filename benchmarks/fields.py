"""Row (k): Langevin on Gaussian fields, beside two transforms and the normals."""

from __future__ import annotations

import numpy as np
from numpy.random import SFC64, Generator
from scipy import fft

from scorekit.gaussian_fields import GaussianField, field_langevin

from .harness import Candidate, Row, Target, require, with_peers

Array = np.ndarray


def langevin(
    dims: int = 2, side: int | None = None, fields: int | None = None, steps: int = 40
) -> Row:
    """(k) Plain and preconditioned Langevin on fields of 256² or 64³, float32, mean pinned."""
    side, fields = side or (256 if dims == 2 else 64), fields or (8 if dims == 2 else 2)
    shape, axes = (side,) * dims, tuple(range(1, dims + 1))
    line = 2 * np.pi * np.fft.fftfreq(side)
    k2 = sum(g**2 for g in np.meshgrid(*(dims * [line]), indexing="ij"))
    power = 1 / (0.01 + k2)
    power.ravel()[0] = 0
    p, live = GaussianField(power), power > 0
    etas = {"plain": 0.5 * power[live].min(), "M = P": 0.3}

    def law(name: str) -> GaussianField:
        m = power if name == "M = P" else np.ones(shape)
        safe = np.where(live, power, 1)
        return GaussianField(np.where(live, power / (1 - etas[name] * m / (2 * safe)), 0))

    laws = {name: law(name) for name in etas}
    # Each starts in its own law, where it must stay.
    starts = {
        name: q.sample(fields, rng=np.random.default_rng(0)).astype(np.float32)
        for name, q in laws.items()
    }

    def candidate(name: str) -> Candidate:
        def run(seed: int) -> Array:
            rng, m = Generator(SFC64(seed)), power if name == "M = P" else None
            x = field_langevin(p, starts[name], etas[name], steps, rng=rng, precond=m).x
            return np.asarray(x)

        def check(x: Array) -> str:
            white = laws[name].whiten(x.astype(float))
            n = fields * (side**dims - 1)
            z = float(((white**2).sum() / n - 1) / np.sqrt(2 / n))
            require(abs(z) < 4.5, f"power off by {z:.1f} se")
            return f"power of its own law, {z:+.1f} se"

        return Candidate(f"scorekit, {name}", run, check)

    def floor(seed: int) -> None:
        rng, x = Generator(SFC64(seed)), starts["plain"]
        z = np.empty_like(x[:1])
        for _ in range(steps):
            for i in range(fields):
                rng.standard_normal(out=z, dtype=z.dtype)
                fft.irfftn(fft.rfftn(x[i : i + 1], axes=axes), shape, axes, overwrite_x=True)

    both = [candidate(name) for name in etas]
    targets = [Target(c.name, "two FFTs + normals", 1.2) for c in both]
    title = f"Langevin, {fields} fields of {side}^{dims} × {steps} steps, float32"
    return Row(f"k-{dims}d", title, [*both, Candidate("two FFTs + normals", floor)], targets, steps)


def direct(side: int = 256, fields: int = 8) -> Row:
    """(n) Exact draws of fields: white noise, coloured; powerbox draws its modes one by one."""
    shape = (side, side)
    k2 = np.add.outer(*2 * [(2 * np.pi * np.fft.fftfreq(side)) ** 2])
    p = GaussianField(1 / (0.01 + k2))
    variance = float(p.power.mean())
    # Cells of a field are correlated: the error of its mean square is that of its modes.
    se = float(np.sqrt(2 * (p.power**2).sum() / fields) / p.power.size)

    def ours(seed: int) -> Array:
        return np.asarray(p.sample(fields, rng=Generator(SFC64(seed))))

    def floor(seed: int) -> None:
        rng = Generator(SFC64(seed))
        for _ in range(fields):
            z = rng.standard_normal(shape)
            fft.irfft2(fft.rfft2(z), shape, overwrite_x=True)

    def check(x: Array) -> str:
        z = (float((x**2).mean()) - variance) / se
        require(abs(z) < 4.5, f"variance off by {z:.1f} se")
        return f"variance {(x**2).mean():.3f}, theory {variance:.3f}, {z:+.1f} se"

    def powerbox() -> Candidate:
        from powerbox import PowerBox

        def run(seed: int) -> Array:
            # One seed a field. Cells of size 1, so that its power per mode is ours.
            boxes = (
                PowerBox(
                    N=side,
                    dim=2,
                    boxlength=side,
                    pk=lambda k: 1 / (0.01 + k**2),
                    seed=1000 * seed + i + 1,
                )
                for i in range(fields)
            )
            return np.stack([box.delta_x() for box in boxes])

        return Candidate("powerbox", run, check)

    own = [Candidate("scorekit", ours, check), Candidate("normals + two FFTs", floor)]
    candidates, skipped = with_peers(own, powerbox)
    targets = [Target("powerbox", "scorekit", 1.0, at_most=False)]
    title = f"direct draws, {fields} fields of {side}², float64"
    return Row("n", title, candidates, targets, fields, "ms a field", skipped=skipped)
