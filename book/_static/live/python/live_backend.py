"""Matplotlib's backend in the page: draw with Agg, show in the cell's output."""

from live_display import show_figures
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas

__all__ = ["FigureCanvas", "show"]


def show(*args, **kwargs):
    """Show every open figure now."""
    show_figures()
