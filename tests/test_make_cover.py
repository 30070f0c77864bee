"""The figure of the first page is what its script draws, and the digits on it are digits."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.spatial.distance import cdist

from scorekit import data
from tools import make_cover as tool


def test_the_stored_figure_is_the_scripts(tmp_path):
    fresh = tmp_path / "cover.png"
    tool.main(["--out", str(fresh)])
    drawn, stored = (plt.imread(path)[..., :3] for path in (fresh, tool.STORED))
    assert drawn.shape == stored.shape
    # Another version of Matplotlib may set a word a pixel further; another seed differs by .05.
    assert np.abs(drawn - stored).mean() < 0.02
    other = tmp_path / "other.png"
    tool.main(["--out", str(other), "--seed", "9"])
    assert np.abs(plt.imread(other)[..., :3] - stored).mean() > 0.02
    assert tool.STORED.stat().st_size < 300_000
    assert tool.STORED.name in Path("book/introduction.md").read_text(encoding="utf8")


def test_what_comes_out_of_the_noise_is_digits():
    pictures, levels = tool.digits_from_noise(np.random.default_rng(7))
    assert pictures.shape == (len(levels), tool.DIGITS, 64)
    assert np.diff(levels).max() < 0
    points = data.digits()[0] / 8 - 1
    apart = cdist(points[::10], points) + 1e9 * (cdist(points[::10], points) == 0)
    usual = np.quantile(apart.min(1), 0.99)  # how far a digit is from the one most like it
    out_of_noise = [cdist(stage, points).min() for stage in pictures]
    assert cdist(pictures[-1], points).min(1).max() < usual < out_of_noise[0]
