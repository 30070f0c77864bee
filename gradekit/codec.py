"""Values on the wire between the grader and the box, in a form that cannot execute code.

A message is one line of JSON. Numbers, text, None and tuples of values are written as they are; an
array is its dtype (one of a short list), its shape and its raw bytes in base64. There is no
pickle and no ``.npy`` header to parse, and the length is checked against dtype and shape before
anything is allocated. ``decode`` raises ``CodecError`` for every other input, whatever it is.

This module is copied into the box, so it imports the standard library and NumPy only.
"""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np

_NAMES = "|b1 |i1 |u1 <i2 <u2 <i4 <u4 <i8 <u8 <f2 <f4 <f8 <c8 <c16"
DTYPES = {name: np.dtype(name) for name in _NAMES.split()}
MAX_BYTES = 8 << 20
MAX_AXES = 8
MAX_ITEMS = 64
MAX_DEPTH = 4
MAX_TEXT = 1000


class CodecError(ValueError):
    """The value cannot be sent, or what came is not a value."""


class Source:
    """An argument that is not data (a function, a generator): code to build it on the other side.

    ``Source("lambda x: (m - x) / s**2", m=mean, s=2.0)``: the names are sent as values and the
    code may use them and ``np``. Code that starts with ``def`` makes the function it defines.
    Only the grader sends sources; one that comes back from the box is refused.
    """

    def __init__(self, code: str, **names: Any):
        self.code, self.names = code, names


def encode(value: Any, depth: int = 0) -> Any:
    """Turn a value into something ``json.dumps`` accepts; raise ``CodecError`` if it is no data."""
    if isinstance(value, Source):
        return {"source": value.code, "names": {k: encode(v) for k, v in value.names.items()}}
    if value is None or type(value) in (bool, float) or (type(value) is int and _fits(value)):
        return value
    if type(value) is str:
        if len(value) > MAX_TEXT:
            raise CodecError(f"a text of {len(value)} characters; at most {MAX_TEXT} are allowed")
        return value
    if type(value) is tuple:
        if len(value) > MAX_ITEMS or depth >= MAX_DEPTH:
            raise CodecError("a tuple that is too long or too deep")
        return {"items": [encode(item, depth + 1) for item in value]}
    try:
        array = np.asarray(value)
        size, axes = array.nbytes, array.ndim
    except Exception as error:
        raise CodecError(f"a {type(value).__name__}, which holds no numbers") from error
    if size > MAX_BYTES or axes > MAX_AXES:  # before it is copied: a view may be larger than memory
        raise CodecError(f"an array that is too large ({size} bytes, shape {array.shape})")
    try:
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        dtype = little.dtype.str
    except Exception as error:
        raise CodecError(f"a {type(value).__name__}, which holds no numbers") from error
    if dtype not in DTYPES:
        raise CodecError(f"a {type(value).__name__}, which holds no numbers")
    data = base64.b64encode(little.tobytes()).decode("ascii")
    return {"dtype": dtype, "shape": list(array.shape), "data": data}


def decode(wire: Any, depth: int = 0, sources: bool = False) -> Any:
    """Turn what ``encode`` made back into a value.

    A source is accepted only where ``sources`` says so, and is not run here.
    """
    if wire is None or type(wire) in (bool, float) or (type(wire) is int and _fits(wire)):
        return wire
    if type(wire) is str and len(wire) <= MAX_TEXT:
        return wire
    if type(wire) is not dict:
        raise CodecError("not a value")
    if wire.keys() == {"items"}:
        items = wire["items"]
        if type(items) is not list or len(items) > MAX_ITEMS or depth >= MAX_DEPTH:
            raise CodecError("not a list of values")
        return tuple(decode(item, depth + 1, sources) for item in items)
    if sources and wire.keys() == {"source", "names"}:
        code, names = wire["source"], wire["names"]
        if type(code) is not str or type(names) is not dict or depth >= MAX_DEPTH:
            raise CodecError("not a source")
        return Source(code, **{k: decode(v, depth + 1) for k, v in names.items()})
    if wire.keys() == {"dtype", "shape", "data"}:
        return _decode_array(wire["dtype"], wire["shape"], wire["data"])
    raise CodecError("not a value")


def _decode_array(name: Any, shape: Any, data: Any) -> Any:
    dtype = DTYPES.get(name) if type(name) is str else None
    if dtype is None or type(data) is not str or type(shape) is not list:
        raise CodecError("not an array")
    if len(shape) > MAX_AXES or not all(type(n) is int and 0 <= n <= MAX_BYTES for n in shape):
        raise CodecError("not an array: impossible shape")
    size = math.prod(shape) * dtype.itemsize
    if size > MAX_BYTES or len(data) != 4 * math.ceil(size / 3):
        raise CodecError("not an array: the length does not fit dtype and shape")
    try:
        raw = base64.b64decode(data, validate=True)
    except ValueError as error:
        raise CodecError("not an array: bad base64") from error
    if len(raw) != size:
        raise CodecError("not an array: the length does not fit dtype and shape")
    array = np.frombuffer(bytearray(raw), dtype).reshape(shape)
    if dtype == np.bool_:  # a byte that is neither 0 nor 1 would make a bool that is neither
        array = array.view(np.uint8) != 0
    return array if shape else array[()]


def build(value: Any) -> Any:
    """Run a ``Source`` (on the side of the learner's code) and return what it makes."""
    if not isinstance(value, Source):
        return value
    space: dict[str, Any] = {"np": np, **value.names}
    before = set(space)
    if not value.code.lstrip().startswith(("def ", "import ")):
        return eval(value.code, space)
    exec(value.code, space)
    return [v for k, v in space.items() if k not in before and k != "__builtins__"][-1]


def _fits(number: int) -> bool:
    return -(2**63) <= number < 2**63
