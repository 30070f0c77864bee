"""Head phantoms are what their docstring says, part by part."""

import numpy as np
import pytest

from scorekit import phantoms as module
from scorekit.distances import energy_distance
from scorekit.phantoms import NUMBERS, phantoms

HEADS = phantoms(400, rng=np.random.default_rng(0))


def test_they_are_images_with_values_from_0_to_1():
    assert HEADS.shape == (400, 1024)
    assert HEADS.dtype == np.float32
    assert HEADS.min() == 0
    assert HEADS.max() == 1


def test_the_first_of_many_are_the_few():
    few = phantoms(5, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(few, HEADS[:5])
    assert not np.array_equal(phantoms(5, rng=np.random.default_rng(1)), few)
    many = phantoms(130, rng=np.random.default_rng(0))  # one more block
    np.testing.assert_array_equal(many, HEADS[:130])


def test_every_number_drawn_is_used_and_no_more(monkeypatch):
    with monkeypatch.context() as fewer:
        fewer.setattr(module, "NUMBERS", NUMBERS - 1)
        with pytest.raises(StopIteration):
            phantoms(1, rng=np.random.default_rng(0))
    rng, like = np.random.default_rng(0), np.random.default_rng(0)
    changed = []
    for k in range(NUMBERS):  # changing any one of them changes a head, in some of 40
        numbers = like.random((40, NUMBERS), dtype=np.float32)
        other = numbers.copy()
        other[:, k] = rng.random(40, dtype=np.float32)
        changed.append(not np.array_equal(module._draw(numbers, 32), module._draw(other, 32)))
    assert all(changed)


def test_the_head_stays_inside_the_circle_of_the_radon_transform():
    k = np.arange(32) - 16  # scikit-image turns about pixel (16, 16)
    outside = k[:, None] ** 2 + k**2 > 16**2
    assert HEADS.reshape(-1, 32, 32)[:, outside].max() == 0
    assert HEADS.reshape(-1, 32, 32)[:, ~outside].max(0).mean() > 0.5  # which is not empty


def test_a_skull_surrounds_a_darker_brain():
    images = HEADS.reshape(-1, 32, 32)
    middle = images[:, 14:18, 14:18].mean((1, 2))
    # From the left border inwards, the first bright pixel of the middle rows is the skull.
    skull = images[:, 16].max(1)
    assert (skull > 0.6).all()
    assert (middle < skull).mean() > 0.97
    assert 0.15 < np.median(middle) < 0.4


def test_finer_pixels_average_to_the_coarse_ones():
    fine = phantoms(20, rng=np.random.default_rng(0), size=96)
    means = fine.reshape(20, 32, 3, 32, 3).mean((2, 4)).reshape(20, -1)
    # 9 × 9 points a pixel in place of 3 × 3: the area of an edge's side to a few hundredths.
    assert np.abs(means - HEADS[:20]).mean() < 0.01
    assert np.abs(means - HEADS[:20]).max() < 0.4
    wrong = np.abs(means - HEADS[20:40]).mean()
    assert wrong > 0.05


def test_their_law_is_nearly_a_mirror_image_of_itself():
    mirrored = HEADS.reshape(-1, 32, 32)[:, :, ::-1].reshape(-1, 1024)
    other = phantoms(400, rng=np.random.default_rng(1))
    on_their_side = HEADS.reshape(-1, 32, 32).transpose(0, 2, 1).reshape(-1, 1024)
    near = energy_distance(mirrored.astype(float), other.astype(float))
    assert near.value < 4 * near.se
    far = energy_distance(on_their_side.astype(float), other.astype(float))
    assert far.value > 10 * far.se


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0, "rng": np.random.default_rng(0)}, "n must be at least 1"),
        ({"n": 2.0, "rng": np.random.default_rng(0)}, "n must be a whole number"),
        ({"n": 2, "rng": 0}, "rng must be a numpy.random.Generator"),
        ({"n": 2, "rng": np.random.default_rng(0), "size": 0}, "size must be at least 1"),
    ],
)
def test_bad_input(arguments, message):
    n = arguments.pop("n")
    with pytest.raises((ValueError, TypeError), match=message):
        phantoms(n, **arguments)
