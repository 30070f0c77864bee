"""Make scorekit/data/digits.npz from the copy that scikit-learn ships (doi:10.24432/C50P49).

python -m tools.make_digits
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from tools.stored import save_arrays

STORED = Path(__file__).parents[1] / "scorekit" / "data" / "digits.npz"

if __name__ == "__main__":
    digits = load_digits()
    save_arrays(STORED, images=digits.data.astype(np.uint8), labels=digits.target.astype(np.uint8))
