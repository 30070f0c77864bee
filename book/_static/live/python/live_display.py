"""Show Python's results in the page: text, tables, pictures and figures."""

import base64
import io
import json
import sys
import time

import _live_page  # registered by worker.js

REPRS = {
    "text/html": "_repr_html_",
    "image/svg+xml": "_repr_svg_",
    "image/png": "_repr_png_",
    "image/jpeg": "_repr_jpeg_",
    "text/markdown": "_repr_markdown_",
    "text/latex": "_repr_latex_",
}


def emit(kind, **data):
    """Send one message to the page."""
    sys.stdout.flush()
    sys.stderr.flush()
    send(kind, **data)


def send(kind, **data):
    """Send one message to the page, ahead of text that waits to be flushed."""
    _live_page.emit(json.dumps({"kind": kind, **data}))


def display(*objects, **ignored):
    """Show objects in the cell's output, each as the richest form it offers."""
    for thing in objects:
        emit("display", bundle=bundle(thing))


def bundle(thing):
    """The forms an object offers, by MIME type; pictures as base64 text."""
    forms = {"text/plain": repr(thing)}
    if is_figure(thing):
        forms["image/png"] = figure_png(thing)
    elif callable(getattr(thing, "_repr_mimebundle_", None)) and not isinstance(thing, type):
        found = thing._repr_mimebundle_(include=None, exclude=None)
        forms.update(found[0] if isinstance(found, tuple) else found)
    elif not isinstance(thing, type):
        for mime, method in REPRS.items():
            show = getattr(thing, method, None)
            found = show() if callable(show) else None
            if found is not None:
                forms[mime] = found[0] if isinstance(found, tuple) else found
    return {mime: as_text(data) for mime, data in forms.items() if data is not None}


def as_text(data):
    """What JSON can carry; pictures come as bytes and leave as base64, as in Jupyter."""
    return base64.b64encode(data).decode() if isinstance(data, bytes) else data


def is_figure(thing):
    """Whether this is a Matplotlib figure, without importing Matplotlib."""
    figure = sys.modules.get("matplotlib.figure")
    return figure is not None and isinstance(thing, figure.Figure)


def figure_png(figure):
    """A figure as Jupyter's inline backend would store it."""
    if not figure.axes and not figure.lines:
        return None
    out = io.BytesIO()
    figure.canvas.print_figure(
        out,
        format="png",
        dpi=figure.dpi,
        facecolor=figure.get_facecolor(),
        edgecolor=figure.get_edgecolor(),
        bbox_inches="tight",
    )
    return base64.b64encode(out.getvalue()).decode()


def show_figures():
    """Show the open figures and close them, as happens at the end of a notebook's cell."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        for number in pyplot.get_fignums():
            display(pyplot.figure(number))
        pyplot.close("all")


class Stream(io.TextIOBase):
    """Standard output or error: sent in pieces, at most a tenth of a second late, and not for ever.

    A loop that prints without end would otherwise fill the page's memory before it is stopped.
    """

    LIMIT = 200_000

    def __init__(self, name):
        self.name = name
        self.begin()

    def begin(self):
        """Start a new cell."""
        self.waiting, self.sent, self.last = [], 0, time.monotonic()

    def writable(self):
        return True

    def write(self, text):
        room = self.LIMIT - self.sent
        if room > 0:
            self.waiting.append(text[:room])
            self.sent += len(text)
            if self.sent > self.LIMIT:
                self.waiting.append("\n… the rest of this cell's text is left out\n")
        if time.monotonic() - self.last > 0.1:
            self.flush()
        return len(text)

    def flush(self):
        if self.waiting:
            send("stream", name=self.name, text="".join(self.waiting))
            self.waiting = []
        self.last = time.monotonic()
