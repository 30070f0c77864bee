"""The log-determinant of a sample covariance, and the alarm on it."""

import numpy as np
import pytest

from scorekit import data
from scorekit.collapse import collapse_alarm, log_det, log_det_bias

RNG = np.random.default_rng
AXES = np.eye(6)[:4]


def test_the_bias_is_that_of_normal_points():
    rng, n, d = RNG(0), 15, 5
    cov = np.diag(np.arange(1.0, d + 1)) + 0.3
    root = np.linalg.cholesky(cov)
    plain = [
        log_det(rng.standard_normal((n, d)) @ root.T, corrected=False).value for _ in range(4000)
    ]
    got = np.mean(plain) - np.linalg.slogdet(cov)[1]
    se = np.std(plain) / np.sqrt(len(plain))
    assert abs(got - log_det_bias(n, d)) < 4 * se
    assert abs(log_det_bias(n, d)) > 50 * se


def test_the_bias_of_one_variance():
    # E log χ²_k = ψ(k/2) + log 2, by quadrature
    from scipy import integrate, stats

    want = integrate.quad(lambda q: np.log(q / 9) * stats.chi2(9).pdf(q), 0, np.inf)[0]
    assert log_det_bias(10, 1) == pytest.approx(want, abs=1e-7)
    with pytest.raises(ValueError, match="n must be above d=5"):
        log_det_bias(5, 5)


def test_the_error_is_the_spread_even_where_the_law_is_not_normal():
    rng = RNG(1)
    for draw in (lambda: rng.standard_normal((200, 4)), lambda: rng.standard_t(9, (200, 4))):
        many = [log_det(draw()) for _ in range(500)]
        ratio = np.mean([e.se for e in many]) / np.std([e.value for e in many])
        assert 0.85 < ratio < 1.2


def test_leaving_out_one_point_is_what_the_jackknife_says():
    x = RNG(2).standard_normal((12, 3))
    left = [
        np.linalg.slogdet(np.cov(np.delete(x, i, 0).T) * (len(x) - 2))[1] for i in range(len(x))
    ]
    assert log_det(x).se == pytest.approx(np.sqrt((len(x) - 1) * np.var(left)), rel=1e-9)


def test_a_change_of_units_shifts_it_and_a_turn_does_not():
    rng = RNG(3)
    x, turn = rng.standard_normal((50, 3)), np.linalg.qr(rng.standard_normal((3, 3)))[0]
    base = log_det(x)
    assert log_det(5 * x @ turn + 7).value == pytest.approx(base.value + 6 * np.log(5))
    assert log_det(x @ turn).se == pytest.approx(base.se)


def test_digits_need_principal_components():
    images = data.digits()[0][:400]
    assert np.linalg.slogdet(np.cov(images.T))[1] == -np.inf
    with pytest.raises(ValueError, match=r"x must vary .* coordinates .* principal components"):
        log_det(images)
    axes = data.principal_components(images, 10)[1]
    assert np.isfinite(log_det(images, axes).value)


def test_points_that_do_not_span_are_refused():
    x = RNG(4).standard_normal((40, 2))
    with pytest.raises(ValueError, match="must span 3 dimensions"):
        log_det(np.column_stack([x, x.sum(1)]))
    with pytest.raises(ValueError, match="must hold at least 5 points"):
        log_det(x[:4] @ np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"axes must have shape \(k, 2\)"):
        log_det(x, np.eye(3))


def test_the_alarm_rings_at_its_rate_on_good_points_and_always_on_collapsed_ones():
    rng = RNG(5)
    heavy = lambda n: rng.standard_t(6, (n, 6))  # noqa: E731
    alarm = collapse_alarm(heavy(6000), AXES, size=40, rate=0.1, rng=rng)
    share = alarm.share(heavy(40 * 800))
    assert abs(share - 0.1) < 4 * np.sqrt(0.1 * 0.9 / 800) + 0.015  # + the quantile's own error
    assert alarm.share(0.5 * heavy(40 * 50)) == 1
    assert alarm.rings(np.ones((40, 6)))
    assert not alarm.rings(2 * heavy(40))


def test_a_small_reference_does_not_make_it_ring_more_often():
    rng, rate, size = RNG(9), 0.1, 40
    shares, plain = [], []
    for _ in range(60):
        reference, fresh = rng.standard_normal((160, 6)), rng.standard_normal((size * 20, 6))
        alarm = collapse_alarm(reference, AXES, size=size, rate=rate, draws=100, rng=rng)
        shares.append(alarm.share(fresh))
        drawn = [reference[rng.permutation(160)[:size]] for _ in range(100)]
        low = np.quantile([alarm.statistic(x) for x in drawn], rate)
        plain.append(np.mean([alarm.statistic(x) < low for x in fresh.reshape(20, size, 6)]))
    se = np.std(shares) / np.sqrt(len(shares))
    assert abs(np.mean(shares) - rate) < 4 * se + 0.01
    more = np.array(plain) - shares  # where the threshold is not stretched
    assert more.mean() > 4 * more.std() / np.sqrt(len(more))


def test_a_threshold_for_normal_points_would_ring_too_often():
    # The tempting shortcut: Wishart's quantile, on points that are not normal.
    rng = RNG(6)
    normal = collapse_alarm(rng.standard_normal((6000, 6)), AXES, size=40, rate=0.05, rng=rng)
    scale = np.sqrt(4 / 2)  # t with 4 degrees of freedom to variance 1
    assert normal.share(rng.standard_t(4, (40 * 400, 6)) / scale) > 0.15


def test_bad_alarms_are_refused():
    x, rng = RNG(7).standard_normal((200, 6)), RNG(8)
    for change, words in (
        ({"size": 80}, "at least 3 batches of 80 points, got 200"),
        ({"size": 5}, "size must be at least 6"),
        ({"rate": 1.0}, "rate must be below 1"),
        ({"rate": 0.001}, "draws must be at least 10000"),
    ):
        with pytest.raises(ValueError, match=words):
            collapse_alarm(x, AXES, **({"size": 20, "rng": rng} | change))
    with pytest.raises(TypeError, match="rng must be"):
        collapse_alarm(x, AXES, size=20, rng=0)
    alarm = collapse_alarm(x, AXES, size=20, rng=rng)
    with pytest.raises(ValueError, match="x must be a batch of 20 points, got 19"):
        alarm.rings(x[:19])
    with pytest.raises(ValueError, match="x must hold at least 20 points"):
        alarm.share(x[:19])
