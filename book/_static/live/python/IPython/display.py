"""The part of IPython's display module that works in a live page."""

import pathlib

from live_display import display

__all__ = ["HTML", "SVG", "Image", "Latex", "Markdown", "Math", "display"]


class _Rich:
    """Data that is shown as one MIME type."""

    mime = "text/plain"

    def __init__(self, data=None, filename=None):
        self.data = pathlib.Path(filename).read_text() if filename else data

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": f"<{type(self).__name__}>", self.mime: self.data}


class HTML(_Rich):
    """HTML; scripts in it do not run."""

    mime = "text/html"


class SVG(_Rich):
    """A drawing."""

    mime = "image/svg+xml"


class Markdown(_Rich):
    """Markdown, shown as it is written."""

    mime = "text/markdown"


class Latex(_Rich):
    """LaTeX with its dollar signs."""

    mime = "text/latex"


class Math(Latex):
    """One displayed formula, without dollar signs."""

    def __init__(self, data=None, filename=None):
        super().__init__(data, filename)
        self.data = f"$$ {self.data.strip('$ ')} $$"


class Image:
    """A picture, from its bytes or a file."""

    STARTS = {
        b"\x89PNG": "image/png",
        b"\xff\xd8": "image/jpeg",
        b"GIF8": "image/gif",
        b"RIFF": "image/webp",
    }

    def __init__(self, data=None, filename=None, alt=None, **ignored):
        if isinstance(data, str):  # IPython too takes a path here
            data, filename = None, data
        self.data = pathlib.Path(filename).read_bytes() if filename else data
        self.alt = alt

    def _repr_mimebundle_(self, include=None, exclude=None):
        for start, mime in self.STARTS.items():
            if self.data.startswith(start):
                return {"text/plain": self.alt or "<Image>", mime: self.data}
        raise ValueError("Image shows PNG, JPEG, GIF and WebP")
