"""What is stored is what was given, and nothing that only pickle could hold."""

from pathlib import Path

import numpy as np
import pytest

from tools import stored
from tools.stored import save_arrays


def test_what_was_given_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "table.npz"
    save_arrays(path, x=np.arange(3.0), labels=[1, 2], about="how")
    with np.load(path, allow_pickle=False) as stored:
        assert stored.files == ["x", "labels", "about"]
        np.testing.assert_array_equal(stored["x"], [0, 1, 2])
        np.testing.assert_array_equal(stored["labels"], [1, 2])
        assert str(stored["about"]) == "how"


def test_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.npz"
    with pytest.raises(TypeError, match="rules must hold numbers or text"):
        save_arrays(path, x=np.zeros(2), rules={"a": 1})
    assert not path.exists()


def test_no_script_stores_arrays_in_another_way() -> None:
    folder = Path(stored.__file__).parent
    assert [p.name for p in folder.rglob("*.py") if "np.savez" in p.read_text("utf8")] == [
        "stored.py"
    ]
