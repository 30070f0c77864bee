"""The stored tables can be read; what they hold is tested beside the scripts that made them."""

import json

import numpy as np

from scorekit.tables import posteriors


def test_every_array_is_finite_and_says_how_it_was_made():
    tables = posteriors()
    about = json.loads(str(tables.pop("about")))
    assert about["command"] == "python -m tools.make_posterior_tables"
    assert set(about) == {"command", "digits", "phantoms", "photo", "exact"}
    for key, a in tables.items():
        assert np.isfinite(a).all(), key
