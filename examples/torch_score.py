"""A score that PyTorch computes, on a GPU if there is one, run by scorekit's samplers.

A sampler asks only for a function from an array (n, d) to an array of the same shape and dtype.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from scorekit.langevin import ula

Array = np.ndarray


def as_score(module: torch.nn.Module, device: str) -> Callable[[Array], Array]:
    """Wrap a module that maps points to scores, so that NumPy arrays go in and come out."""
    module = module.to(device).eval()

    @torch.inference_mode()
    def score(x: Array) -> Array:
        # One copy to the device and one back a step: worth it when the network is large.
        s = module(torch.as_tensor(np.ascontiguousarray(x), device=device))
        return np.asarray(s.cpu().numpy())

    return score


class GaussianScore(torch.nn.Module):
    """The score of N(0, v) in each coordinate: stands for a network you have trained."""

    def __init__(self, v: float) -> None:
        super().__init__()
        self.v = v

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return -x / v."""
        return -x / self.v


def main() -> None:
    """Sample, and compare with the variance v / (1 - η / 2v) that ULA has at this step."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    v, step = 2.0, 0.5
    score = as_score(GaussianScore(v), device)
    start = np.zeros((20_000, 2), np.float32)
    x = ula(score, start, step, 100, rng=np.random.default_rng(3)).x
    squares = x.astype(float).ravel() ** 2
    se = squares.std() / np.sqrt(squares.size)
    print(f"variance {squares.mean():.3f} ± {se:.3f}, theory {v / (1 - step / (2 * v)):.3f}")


if __name__ == "__main__":
    main()
