"""Make scorekit/data/matter_power.npz: the matter power spectrum of chapter 14, by CAMB.

    python -m tools.make_power_spectrum            a few CPU-seconds

CAMB (Lewis, Challinor & Lasenby 2000, doi:10.1086/309179) solves how small ripples of the early
universe grew. It is needed for this script only, not to read or run the book. Parameters: the
Planck 2018 results VI (doi:10.1051/0004-6361/201833910), Table 2, column TT,TE,EE+lowE+lensing,
rounded as there.
"""

from __future__ import annotations

import argparse
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from tools.stored import save_arrays

STORED = Path(__file__).parents[1] / "scorekit" / "data" / "matter_power.npz"
COSMOLOGY = {
    "H0": 67.36,  # km/s/Mpc
    "ombh2": 0.02237,
    "omch2": 0.1200,
    "mnu": 0.06,  # eV, one massive neutrino
    "omk": 0.0,
    "tau": 0.0544,
}
PRIMORDIAL = {"As": 2.1e-9, "ns": 0.9649}  # at the pivot 0.05/Mpc; ln(10¹⁰ As) = 3.044
NONLINEAR = "mead2020"  # HMcode-2020, Mead et al. 2021, doi:10.1093/mnras/stab082
K_MIN, K_MAX, POINTS = 1e-4, 20.0, 500  # h/Mpc


def spectra(points: int = POINTS, k_max: float = K_MAX) -> dict[str, Any]:
    """What is stored: k, both spectra at redshift 0, σ_8, and how they were made."""
    camb: Any = import_module("camb")

    def solve(nonlinear: bool) -> tuple[Any, Any, Any]:
        p = camb.set_params(**COSMOLOGY, **PRIMORDIAL)
        p.set_matter_power(redshifts=[0.0], kmax=2 * k_max)
        p.NonLinear = camb.model.NonLinear_both if nonlinear else camb.model.NonLinear_none
        if nonlinear:
            p.NonLinearModel.set_params(halofit_version=NONLINEAR)
        results = camb.get_results(p)
        k, _, power = results.get_matter_power_spectrum(K_MIN, k_max, npoints=points)
        return k, power[0], results.get_sigma8_0()

    k, linear, sigma8 = solve(False)
    about = {
        "camb": camb.__version__,
        **COSMOLOGY,
        **PRIMORDIAL,
        "redshift": 0,
        "nonlinear": NONLINEAR,
        "units": "k in h/Mpc, P in (Mpc/h)^3, total matter",
    }
    return {
        "k": np.asarray(k, float),
        "linear": np.asarray(linear, float),
        "nonlinear": np.asarray(solve(True)[1], float),
        "sigma8": np.asarray(float(sigma8)),
        "about": np.asarray(json.dumps(about)),
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=STORED)
    options = parser.parse_args(arguments)
    save_arrays(options.output, **spectra())


if __name__ == "__main__":
    main()
