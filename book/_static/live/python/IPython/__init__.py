"""A stand-in with the few names of IPython that a chapter may use; see ``IPython.display``."""


def get_ipython():
    """There is no IPython shell in the page."""
    return None
