"""Figures are drawn from the right numbers; animations fold, describe themselves and stay small."""

import io

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("agg")
import matplotlib.pyplot as plt
from PIL import Image

from scorekit import plotting
from scorekit.densities import three_hills

BOX = (-3.0, 3.0, -2.0, 2.0)


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def test_grid_runs_along_x_first_and_touches_the_corners():
    points = plotting.grid(BOX, 5)
    assert points.shape == (25, 2)
    np.testing.assert_array_equal(points[[0, 4, -1]], [[-3, -2], [3, -2], [3, 2]])


@pytest.mark.parametrize(("extent", "n"), [((1, 0, 0, 1), 5), ((0, 1, 1, 1), 5), (BOX, 1)])
def test_bad_grid(extent, n):
    with pytest.raises(ValueError, match=r"extent must|n must"):
        plotting.grid(extent, n)


def test_contours_show_the_function_where_it_is(ax):
    hills = three_hills()
    filled = plotting.contours(ax, hills.log_prob, BOX, n=40)
    assert filled.zmax == pytest.approx(hills.log_prob(plotting.grid(BOX, 40)).max())
    assert ax.get_aspect() == 1


def test_arrows_keep_the_direction_and_compress_the_length(ax):
    quiver = plotting.arrows(ax, lambda x: 4.0 * x, BOX, n=4, power=0.5)
    points = plotting.grid(BOX, 4)
    drawn = np.stack([quiver.U, quiver.V], axis=1)
    np.testing.assert_allclose(
        np.linalg.norm(drawn, axis=1), 2 * np.linalg.norm(points, axis=1) ** 0.5
    )
    assert np.allclose(drawn[:, 0] * points[:, 1], drawn[:, 1] * points[:, 0])


def test_arrows_of_a_field_with_zeros(ax):
    quiver = plotting.arrows(ax, lambda x: 0.0 * x, BOX, n=3)
    assert (quiver.U == 0).all()


def test_surface_is_cut_at_the_floor():
    fig = plt.figure()
    axes = fig.add_subplot(projection="3d")
    plotting.surface(axes, lambda x: x[:, 0], BOX, floor=0.0, n=10)
    assert axes.get_zlim()[0] > -1
    plt.close(fig)


def test_animation_folds_describes_itself_and_has_all_frames(ax):
    (line,) = ax.plot([0], [0], "o")
    movie = plotting.animate(
        ax.figure,
        lambda t: line.set_data([t], [t]),
        np.linspace(-0.04, 0.04, 6),
        seconds=1.2,
        alt='a "dot"',
    )
    picture = Image.open(io.BytesIO(movie.gif))
    assert picture.n_frames == 6
    assert picture.info["duration"] == 200
    text = movie._repr_html_()
    assert text.startswith("<details")
    assert "open" not in text.split(">")[0]
    assert "a &quot;dot&quot;" in text
    assert "gif=" not in repr(movie)


@pytest.mark.parametrize(("frames", "alt"), [([0], "a dot"), ([0, 1], " ")])
def test_bad_animation(ax, frames, alt):
    with pytest.raises(ValueError, match=r"frames must|alt must"):
        plotting.animate(ax.figure, lambda t: None, frames, seconds=1, alt=alt)


def test_style_is_light_whatever_the_page():
    with mpl.rc_context():
        plotting.use_style()
        assert plt.rcParams["figure.facecolor"] == plt.rcParams["savefig.facecolor"] == "white"
