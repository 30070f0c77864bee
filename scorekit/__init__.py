"""Scores and Langevin dynamics in plain NumPy: one module per idea of the book.

- ``scorekit.densities``: Gaussian, Gaussian mixture, ring, a data set
- ``scorekit.vector_fields``, ``scorekit.stationary``: integrals, derivatives; flow lines, zeros
- ``scorekit.denoising``: Tweedie's formula, the losses, noise-conditional scores
- ``scorekit.networks``, ``scorekit.training``, ``scorekit.priors``: scores learned from data
- ``scorekit.patch_networks``, ``scorekit.phantoms``, ``scorekit.patches``: priors of larger images
- ``scorekit.lipschitz``, ``scorekit.stability``: how steep a field is, and what step it bears
- ``scorekit.log_density``, ``scorekit.integrability``: log p from a score, and scores without curl
- ``scorekit.score_errors``, ``scorekit.detection``: what is wrong with a score, and odd points
- ``scorekit.langevin``, ``scorekit.escape``: Langevin samplers, and how long they take to cross
- ``scorekit.diffusion``: samplers over a ladder of noise levels, and likelihoods
- ``scorekit.operators``, ``scorekit.inverse``, ``scorekit.conditioning``: inverse problems
- ``scorekit.discrete``, ``scorekit.ising``, ``scorekit.sequences``, ``scorekit.pairwise``: no slope
- ``scorekit.preconditioning``, ``scorekit.varying_metric``: valleys made round
- ``scorekit.gaussian_fields``, ``scorekit.field_spectra``, ``scorekit.masked_fields``: fields
- ``scorekit.partition``, ``scorekit.weights``, ``scorekit.evidence``: partition functions
- ``scorekit.diagnostics``, ``scorekit.distances``: estimates with their standard errors
- ``scorekit.checks``: theory, measurement and error bar side by side
- ``scorekit.data``: the small real data sets the book uses
- ``scorekit.plotting``: the book's figures

Three conventions hold everywhere. Points come as a batch first, ``(n, d)``. A *score* is any
callable from an array of points to an array of the same shape. Whatever draws random numbers takes
``rng``, a :class:`numpy.random.Generator`, by keyword.
"""

__version__ = "0.6.0"
