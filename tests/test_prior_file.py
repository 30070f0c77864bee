"""What the scripts that train a prior share: options, the table, and a file that can be read."""

from pathlib import Path

import numpy as np
import pytest

from scorekit.networks import init_scaled
from scorekit.priors import read_prior
from tools import prior_file


def test_a_stored_network_is_read_back_and_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng, path = np.random.default_rng(0), tmp_path / "net.npz"
    points = rng.standard_normal((50, 4)).astype(np.float32)
    net = init_scaled(points, rng=rng, width=8, blocks=1, extra=0)
    rows = np.arange(5, dtype=np.int16)
    prior_file.store(path, net, {"command": "by hand"}, rows_train=rows)
    prior = read_prior(path)
    assert prior.about == {"command": "by hand", "weights": "running mean, half precision"}
    np.testing.assert_array_equal(prior.rows["train"], rows)
    np.testing.assert_allclose(prior.net(points, 0.5), net(points, 0.5), atol=5e-3)

    parser = prior_file.command("Train it.\n\nMore.", ("train", "test"), 3, 70, path)
    assert parser.description == "Train it."
    options = parser.parse_args([])
    assert (options.part, options.seed, options.steps, options.out) == ("test", 3, 70, path)
    assert not prior_file.evaluated(options, lambda net, part: iter(["not asked for"]))
    options = parser.parse_args(["--evaluate"])
    assert prior_file.evaluated(options, lambda net, part: iter([f"{part}: {net.size} weights"]))
    assert capsys.readouterr().out == f"test: {net.size} weights\n"
    with pytest.raises(SystemExit):
        parser.parse_args(["--part", "train"])  # the training part is not reported on
