"""The codec: what goes through comes back the same, and what is hostile is refused."""

import base64
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from gradekit import codec
from gradekit.codec import CodecError, Source, build, decode, encode

SCALARS = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(max_size=20)
)
ARRAYS = hnp.arrays(
    st.sampled_from(sorted(codec.DTYPES)),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
)
VALUES = st.recursive(
    SCALARS | ARRAYS, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=6
)


def through(value: object) -> object:
    return decode(json.loads(json.dumps(encode(value))))


def same(a: object, b: object) -> bool:
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray | np.generic):
        a, b = np.asarray(a), np.asarray(b)
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return type(a) is type(b) and (a == b or a != a)


@given(VALUES)
@settings(deadline=None)
def test_round_trip(value: object) -> None:
    try:
        wire = encode(value)
    except CodecError:  # tuples nested too deeply
        assert isinstance(value, tuple)
        return
    assert same(value, decode(json.loads(json.dumps(wire))))


def test_other_layouts_arrive_with_the_same_values() -> None:
    x = np.arange(12.0).reshape(3, 4)
    for view in (x.T, x[:, ::2], x.astype(">f8"), np.asfortranarray(x)):
        assert np.array_equal(through(view), view)
    assert np.array_equal(through([[1.0, 2.0], [3.0, 4.0]]), [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    "value",
    [object(), {"a": 1}, np.array([object()]), np.array(["a"]), np.datetime64("2020-01-01"), print,
     np.zeros(codec.MAX_BYTES // 8 + 1), "x" * 1001, (0,) * 65, np.zeros((1,) * 9), 2**64,
     [1, [2]]],
    ids=lambda v: type(v).__name__,
)  # fmt: skip
def test_what_is_no_data_is_not_sent(value: object) -> None:
    with pytest.raises(CodecError):
        encode(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["items", "dtype", "shape", "data", "source", "names", "npy"]),
            inner | st.sampled_from(["<f8", "|O", "|b1", "AAAAAAAAAAA="]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
@settings(deadline=None)
def test_any_json_is_a_value_or_refused(wire: object) -> None:
    try:
        value = decode(wire)
    except CodecError:
        return
    assert not isinstance(value, Source)
    encode(value)  # so it is data


@given(
    st.sampled_from([*codec.DTYPES, "|O", "<U3", "|V8", "<M8[s]", "O", "f8", 3]),
    st.lists(st.integers(-2, 2**70), max_size=10) | st.lists(st.integers(0, 3), max_size=3),
    st.binary(max_size=64).map(lambda b: base64.b64encode(b).decode()) | st.text(max_size=20),
)
@settings(deadline=None)
def test_hostile_arrays_are_refused_or_small(dtype: object, shape: list[int], data: str) -> None:
    try:
        value = decode({"dtype": dtype, "shape": shape, "data": data})
    except CodecError:
        return
    assert np.asarray(value).nbytes <= 64
    assert np.asarray(value).shape == tuple(shape)


def test_a_bool_is_0_or_1_whatever_the_byte() -> None:
    data = base64.b64encode(b"\x07\x00").decode()
    value = decode({"dtype": "|b1", "shape": [2], "data": data})
    assert value.view(np.uint8).tolist() == [1, 0]


def test_pickles_are_not_read() -> None:
    class Boom:
        def __reduce__(self):  # type: ignore[no-untyped-def]
            return pytest.fail, ("code of the sender was run",)

    data = base64.b64encode(pickle.dumps(Boom())).decode()
    for wire in (
        {"pickle": data},
        {"npy": data},
        data,
        {"dtype": "|O", "shape": [1], "data": data},
        {"dtype": "<f8", "shape": [1], "data": data},
    ):
        try:
            assert decode(wire) == data  # a text is only a text
        except CodecError:
            continue


def test_sources_are_built_on_request_only() -> None:
    wire = json.loads(json.dumps(encode(Source("lambda x: a * x + np.sin(0)", a=np.arange(3.0)))))
    with pytest.raises(CodecError):
        decode(wire)
    with pytest.raises(CodecError):
        decode({"items": [wire]})
    function = build(decode(wire, sources=True))
    assert function(2.0).tolist() == [0, 2, 4]
    two = build(Source("def helper(x): return x\ndef f(x): return helper(x) + 1"))
    assert two(1) == 2
    assert build(3) == 3


def test_a_view_larger_than_memory_is_refused_before_it_is_copied() -> None:
    with pytest.raises(CodecError, match="too large"):
        encode(np.broadcast_to(np.zeros(1), (1 << 40,)))
