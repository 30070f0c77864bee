"""Make scorekit/data/digits.npz from the copy that scikit-learn ships (doi:10.24432/C50P49)."""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

if __name__ == "__main__":
    digits = load_digits()
    np.savez_compressed(
        Path(__file__).parents[1] / "scorekit" / "data" / "digits.npz",
        images=digits.data.astype(np.uint8),
        labels=digits.target.astype(np.uint8),
    )
