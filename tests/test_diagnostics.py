"""Standard errors that cover at the rate they claim."""

import numpy as np
import pytest

from scorekit.diagnostics import Estimate, mean_se


def test_mean_and_standard_error():
    estimate = mean_se([1.0, 2.0, 3.0, 4.0])
    assert estimate.value == 2.5
    assert estimate.se == pytest.approx(np.std([1, 2, 3, 4], ddof=1) / 2)


def test_error_bars_cover_at_the_normal_rate():
    rng = np.random.default_rng(7)
    runs = [mean_se(rng.exponential(size=400)) for _ in range(2000)]
    inside = np.mean([abs(r.value - 1) < 2 * r.se for r in runs])
    assert abs(inside - 0.9545) < 5 * np.sqrt(0.9545 * 0.0455 / 2000)


@pytest.mark.parametrize(
    ("value", "se", "text"),
    [
        (1.23456, 0.0123, "1.235 ± 0.012"),
        (-2.0, 0.5, "-2.00 ± 0.50"),
        (1234.5, 20.0, "1234 ± 20"),
        (1.5e-9, 2e-10, "1.500e-09 ± 2.0e-10"),
        (3e8, 1e6, "3.000e+08 ± 1.0e+06"),
    ],
)
def test_printed_digits_follow_the_error(value, se, text):
    assert str(Estimate(value, se)) == text


@pytest.mark.parametrize("x", [[1.0], [2.0, 2.0], [1.0, np.nan], [], [[1.0, 2.0]], "ab"])
def test_what_gives_no_error_bar_is_refused(x):
    with pytest.raises((ValueError, TypeError), match=r"x must|se must"):
        mean_se(x)


@pytest.mark.parametrize(("value", "se"), [(1.0, 0.0), (1.0, -1.0), (1.0, np.nan), (np.nan, 1.0)])
def test_an_estimate_needs_a_value_and_an_error(value, se):
    with pytest.raises(ValueError, match=r"(value|se) must be"):
        Estimate(value, se)
