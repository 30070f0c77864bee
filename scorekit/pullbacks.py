r"""The derivative of a score applied to directions: what a likelihood sends back through a prior.

For a network autograd has it; for a mixture there is a closed form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _inputs
from .chains import Array, Field
from .densities import Empirical, Gaussian, GaussianMixture

Matrix = NDArray[np.float64]


def pullback(prior: Any, x: Array, sigma: float) -> tuple[Array, Field]:
    """A prior's score at x, and the map u -> (∇s)ᵀ u for directions u of the shape of x.

    By the prior's own method ``pullback(x, sigma)`` if it has one, else by autograd.

    Raises
    ------
    TypeError
        If autograd cannot follow the prior.
    """
    if callable(getattr(prior, "pullback", None)):
        return prior.pullback(x, sigma)  # type: ignore[no-any-return]
    from autograd import make_vjp
    from autograd.tracer import isbox

    message = (
        "prior must be differentiable: a score network, a function written with autograd.numpy, "
        f"or pullbacks.ExactPrior(density); autograd cannot follow {_inputs.describe(prior)}"
    )

    def traced(z: Any) -> Any:
        try:
            out = prior(z, sigma)
        except (TypeError, ValueError) as error:  # NumPy, where it meets autograd's boxes
            raise TypeError(message) from error
        if not isbox(out):  # its gradient would come out as 0
            raise TypeError(message)
        return out

    back, score = make_vjp(traced)(x)
    return score, back


@dataclass(frozen=True, eq=False)
class ExactPrior:
    r"""The exact noise-conditional score of a density, together with its derivative.

    Called with ``(x, sigma)`` it is ``noisy_score(density)``. Its Jacobian is symmetric,

    .. math:: \nabla s = \sum_k\gamma_k\,(g_kg_k^\top-\Sigma_k^{-1})-ss^\top,\qquad
              g_k=\Sigma_k^{-1}(m_k-x),

    with the covariances of the blurred mixture. For a data set
    (:class:`~scorekit.densities.Empirical`) this is the prior that only knows the data by heart.

    Parameters
    ----------
    density : Gaussian, GaussianMixture or Empirical
    """

    density: Gaussian | GaussianMixture | Empirical
    _blurred: Callable[[float], tuple[GaussianMixture, Matrix]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.density, Gaussian | GaussianMixture | Empirical):
            raise TypeError(
                "density must be a Gaussian, a GaussianMixture or an Empirical, "
                f"got {type(self.density).__name__}"
            )

        def blurred(sigma: float) -> tuple[GaussianMixture, Matrix]:
            density: Any = self.density.blurred(_inputs.positive(sigma, "sigma"))
            if isinstance(density, Gaussian):
                density = GaussianMixture(np.ones(1), density.mean[None], density.cov[None])
            round_ones = density.covs.ndim == 1
            return density, 1 / density.covs if round_ones else np.linalg.inv(density.covs)

        vars(self).update(_blurred=lru_cache(maxsize=128)(blurred))

    def __call__(self, x: Array, sigma: float) -> Array:
        """The score of p_σ: (n, d) in and out."""
        return self._blurred(sigma)[0].score(x)

    def pullback(self, x: Array, sigma: float) -> tuple[Array, Field]:
        """The score at x, and the map u -> (∇s)ᵀ u for directions u, (n, d)."""
        mixture, precision = self._blurred(sigma)
        s, gamma = mixture.score(x), mixture.responsibilities(x).T[:, :, None]
        means, precision = mixture.means.astype(x.dtype), precision.astype(x.dtype)

        def times(k: int, v: Array) -> Array:
            return np.asarray(v * precision[k] if precision.ndim == 1 else v @ precision[k])

        def pull(u: Array) -> Array:
            out = -s * (s * u).sum(1, keepdims=True)
            for k, weight in enumerate(gamma):
                g = times(k, means[k] - x)
                out += weight * (g * (g * u).sum(1, keepdims=True) - times(k, u))
            return np.asarray(out)

        return s, pull
