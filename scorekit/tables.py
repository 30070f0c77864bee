"""What took minutes to measure and is stored: tables that a chapter prints and runs parts of."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from . import data


def posteriors() -> dict[str, NDArray[Any]]:
    """How posterior sampling did on chapter 4's tasks, by ``tools/make_posterior_tables.py``.

    Returns
    -------
    dict
        For each task of :func:`scorekit.tasks.inverse_task`, with n test images: ``<task>_psnr``,
        ``_ssim`` of the mean of the samples, ``_covered``, the share of pixels in their 90%
        intervals, ``_one``, the PSNR of a single sample, all (n,); ``_mean``, ``_sd``, ``_draws``
        of the first images, for pictures. The same with ``_dps`` for the digits' tasks.
        ``exact<d>`` and ``exact<d>_se``, (repeats, likelihoods, samplers), and ``exact<d>_floor``,
        (repeats,): :func:`scorekit.exactness.compare` in d = 2, 8 and 40 dimensions. ``about``:
        the settings.
    """
    return data.read("posteriors.npz")
