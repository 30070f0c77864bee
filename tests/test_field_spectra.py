"""Spectra of boxes: counts of the full plane, χ² of every bin, σ_8, and powerbox beside them."""

import numpy as np
import pytest
from scipy import integrate, stats

from scorekit import data, field_spectra as fs
from scorekit.gaussian_fields import GaussianField

BOX = 50.0


def spectrum_of(k):
    return 100 * k / (0.02 + k**2) ** 1.5


def table():
    k = np.geomspace(0.01, 30, 400)
    return k, spectrum_of(k)


@pytest.mark.parametrize("shape", [(16, 16), (9, 9), (8, 8, 8), (7, 7, 7)])
def test_a_binned_spectrum_is_the_average_over_the_full_plane(shape):
    x, d = np.random.default_rng(0).standard_normal((2, *shape)), len(shape)
    k = fs.wavenumbers(shape, BOX)
    edges = np.linspace(0.05, k.max() * 1.01, 5)
    got = fs.binned_spectrum(x, BOX, edges)
    square = np.abs(np.fft.fftn(x, axes=tuple(range(1, d + 1)))) ** 2
    for i in range(4):
        inside = (k >= edges[i]) & (k < edges[i + 1]) & (k > 0)
        assert got.modes[i] == inside.sum()
        assert got.k[i] == pytest.approx(k[inside].mean())
        want = square[:, inside].mean(1) * BOX**d / x[0].size ** 2
        np.testing.assert_allclose(got.power[:, i], want, rtol=1e-12)


def test_wavenumbers_are_multiples_of_two_pi_over_the_side():
    k = fs.wavenumbers((4, 4), 2 * np.pi)
    np.testing.assert_allclose(k[0], [0, 1, 2, 1])
    assert k[2, 1] == pytest.approx(np.sqrt(5))


def test_each_bin_is_chi_square_with_the_modes_of_the_full_plane():
    rng, edges = np.random.default_rng(1), np.array([0.1, 0.2, 0.5, 1.3])
    flat = fs.binned_spectrum(rng.standard_normal((4000, 16, 16)), BOX, edges)
    ratio = flat.power / (BOX / 16) ** 2
    for i, n in enumerate(flat.modes):
        assert stats.kstest(ratio[:, i] * n, stats.chi2(n).cdf).pvalue > 1e-4
        # Half the modes, as a half plane would count them, is ruled out.
        assert stats.kstest(ratio[:, i] * n / 2, stats.chi2(n / 2).cdf).pvalue < 1e-10
    low, high = flat.band(0.95)
    inside = ((ratio > low) & (ratio < high)).mean()
    assert abs(inside - 0.95) < 4 * np.sqrt(0.95 * 0.05 / ratio.size)


def test_goodness_is_uniform_for_right_spectra_and_small_for_wrong_ones():
    rng, modes = np.random.default_rng(2), np.array([2, 6, 30, 400])
    ratios = rng.chisquare(modes, (2000, 4)) / modes
    p = [fs.goodness(r, modes)[1] for r in ratios]
    assert stats.kstest(p, "uniform").pvalue > 1e-4
    assert fs.goodness(1.5 * np.ones(4), modes)[1] < 1e-6
    assert fs.goodness(np.array([1.0, 1.0, 1.0, 60.0]), modes)[1] < 1e-200
    assert fs.goodness(np.array([1.0, 1.0, 1.0, 1e-9]), modes)[1] < 1e-30
    with pytest.raises(ValueError, match="positive"):
        fs.goodness([0.0], [3])


@pytest.mark.parametrize("shape", [(16, 16), (8, 8, 8)])
def test_a_box_from_a_table_has_the_spectrum(shape):
    power = fs.box_power(*table(), shape, BOX)
    k = fs.wavenumbers(shape, BOX)
    unit = power.size / BOX ** len(shape)
    np.testing.assert_allclose(power[k > 0], spectrum_of(k[k > 0]) * unit, rtol=1e-5)
    assert power.ravel()[0] == 0
    assert GaussianField(power).pinned


def test_the_top_hat_is_the_transform_of_a_ball():
    for t in (1e-8, 1e-3, 0.009, 0.011, 0.5, 4.0):
        want = integrate.quad(lambda r, t=t: 3 * r**2 * np.sinc(t * r / np.pi), 0, 1)[0]
        assert fs.top_hat(t) == pytest.approx(want, rel=1e-9)


def test_sigma_of_a_box_is_that_of_its_smoothed_fields():
    box, radius = 50.0, 8.0
    power = fs.box_power(*table(), (16, 16, 16), box)
    x = GaussianField(power).sample(400, rng=np.random.default_rng(3))
    smooth = (fs.smoothed(x, box, radius) ** 2).mean((1, 2, 3))
    se = smooth.std(ddof=1) / np.sqrt(len(x))
    theory = fs.box_sigma(power, box, radius) ** 2
    assert abs(smooth.mean() - theory) < 4 * se
    # The table's is another number: it has the waves that the box does not hold.
    assert abs(smooth.mean() - fs.table_sigma(*table(), radius) ** 2) > 4 * se


def test_sigma_of_a_table_is_the_integral_and_camb_s():
    def slope(k):
        return k**2 * spectrum_of(k) * float(fs.top_hat(8 * k)) ** 2 / (2 * np.pi**2)

    want = integrate.quad(slope, 0.01, 30, limit=2000)[0]
    assert fs.table_sigma(*table()) ** 2 == pytest.approx(want, rel=1e-4)
    stored = data.matter_power()
    assert fs.table_sigma(stored["k"], stored["linear"]) == pytest.approx(
        float(stored["sigma8"]), rel=5e-4
    )
    assert (np.diff(stored["k"]) > 0).all()
    assert stored["nonlinear"][-1] > 5 * stored["linear"][-1]


def test_powerbox_measures_the_same_spectrum():
    from powerbox import get_power

    rng, n = np.random.default_rng(4), 32
    x = GaussianField(fs.box_power(*table(), (n, n), BOX)).sample(1, rng=rng)
    edges = np.linspace(0.2, 1.9, 8)
    ours = fs.binned_spectrum(x, BOX, edges)
    theirs = get_power(x[0], BOX, bins=edges, dimensionless=True)
    power = theirs.power if hasattr(theirs, "power") else theirs[0]  # a tuple before powerbox 1.0
    np.testing.assert_allclose(power, ours.power[0], rtol=1e-8)


def test_powerbox_draws_the_same_law():
    import powerbox

    edges, n, boxes = np.linspace(0.2, 1.9, 8), 32, 60
    want = fs.box_power(*table(), (n, n), BOX)
    draws = [
        powerbox.PowerBox(N=n, dim=2, pk=spectrum_of, boxlength=BOX, seed=i).delta_x()
        for i in range(boxes)
    ]
    # powerbox pins the mean too; whitened, all bins have power 1 (in cells of volume V/N).
    white = GaussianField(want).whiten(np.array(draws))
    got = fs.binned_spectrum(white, BOX, edges)
    ratio = got.power.mean(0) / (BOX / n) ** 2
    assert fs.goodness(ratio, boxes * got.modes)[1] > 1e-3
    assert fs.goodness(1.1 * ratio, boxes * got.modes)[1] < 1e-6


def test_bad_input_is_named():
    k, power = table()
    with pytest.raises(ValueError, match="k must reach"):
        fs.box_power(k, power, (8, 8), 5000.0)
    with pytest.raises(ValueError, match="k must reach"):
        fs.box_power(k, power, (64, 64), 1.0)
    with pytest.raises(ValueError, match="increase"):
        fs.box_power(k[::-1], power, (8, 8), BOX)
    with pytest.raises(ValueError, match="one length"):
        fs.table_sigma(k, power[1:])
    with pytest.raises(ValueError, match="equal sides"):
        fs.wavenumbers((4, 6), BOX)
    x = np.zeros((1, 8, 8))
    with pytest.raises(ValueError, match="leave modes in each bin"):
        fs.binned_spectrum(x, BOX, [0.01, 0.02, 0.5])
    with pytest.raises(ValueError, match="increasing"):
        fs.binned_spectrum(x, BOX, [0.5, 0.1])
    with pytest.raises(ValueError, match="3-D fields"):
        fs.smoothed(x, BOX)
