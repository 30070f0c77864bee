"""The script behind the stored matter spectrum still makes it."""

import json
from importlib.metadata import version

import numpy as np
import pytest

from scorekit import data
from tools import make_power_spectrum as tool


def test_the_stored_table_says_how_it_was_made():
    with np.load(tool.STORED) as stored:
        about = json.loads(str(stored["about"]))
    assert {**tool.COSMOLOGY, **tool.PRIMORDIAL}.items() <= about.items()
    assert about["redshift"] == 0
    assert tool.STORED.stat().st_size < 20_000


def test_a_brief_run_lies_on_the_stored_curve():
    made, stored = tool.spectra(points=40, k_max=1.0), data.matter_power()
    for name in ("linear", "nonlinear"):
        want = np.exp(np.interp(np.log(made["k"]), np.log(stored["k"]), np.log(stored[name])))
        np.testing.assert_allclose(made[name], want, rtol=1e-2)
    assert float(made["sigma8"]) == pytest.approx(float(stored["sigma8"]), rel=2e-3)
    assert json.loads(str(made["about"]))["camb"] == version("camb")
