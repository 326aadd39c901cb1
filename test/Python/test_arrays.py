# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arrays of every kind give the same result or a clear error."""

import numpy as np
import pytest

import moe
from conftest import Layer, assert_close

CHIP = "gfx950"


class Interface:
    """Nothing but __array_interface__."""

    def __init__(self, array):
        self.array = array

    @property
    def __array_interface__(self):
        return self.array.__array_interface__


class DLPack:
    """Nothing but DLPack."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, stream=None):
        return self.array.__dlpack__()

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def strided(array):
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


KINDS = {
    "strided": strided,
    "fortran": np.asfortranarray,
    "backwards": lambda array: array[::-1].copy()[::-1],
    "read-only": read_only,
    "big-endian": lambda array: array.astype(array.dtype.newbyteorder(">")),
    "interface": Interface,
    "dlpack": DLPack,
    "unaligned": lambda array: np.frombuffer(
        b"x" + array.tobytes(), np.uint8)[1:].view(array.dtype).reshape(array.shape),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_array_gives_the_same(kind, tensors):
    expected = moe.layer(*tensors.arguments(), tensors.bias13, tensors.bias2, chip=CHIP)
    make = KINDS[kind]
    arguments = [make(array) for array in (*tensors.arguments(), tensors.bias13,
                                           tensors.bias2)]
    np.testing.assert_array_equal(moe.layer(*arguments, chip=CHIP), expected)


def test_what_c_reads_is_aligned():
    for dtype in (np.float32, np.int32, np.uint16):
        array = KINDS["unaligned"](np.arange(6, dtype=dtype).reshape(2, 3))
        assert not array.flags.aligned
        laid_out = moe._arrays.lay_out(array, dtype)
        assert laid_out.flags.aligned and laid_out.flags.c_contiguous
        np.testing.assert_array_equal(laid_out, array)


@pytest.mark.parametrize("dtype", [np.int64, np.uint32, np.int16, np.uint8, ">i8"])
def test_ids_of_every_integer_type(dtype, tensors):
    a2, w2, scale2, ids, weights = tensors.stage2()
    got = moe.gemm2(a2, w2, scale2, ids.astype(dtype), weights, chip=CHIP)
    np.testing.assert_array_equal(got, moe.gemm2(*tensors.stage2(), chip=CHIP))


def test_ids_that_int32_cannot_hold_name_no_expert(tensors):
    a2, w2, scale2, ids, weights = tensors.stage2()
    ids = ids.astype(np.int64)
    ids[0] += 1 << 32
    got = moe.gemm2(a2, w2, scale2, ids, weights, chip=CHIP)
    assert not got[0].any() and got[1].any()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4", ">f8"])
def test_x_of_floats_is_rounded_once(dtype):
    rng = np.random.default_rng(8)
    values = rng.standard_normal((4, 64)).astype(dtype)
    got = moe.from_bfloat16(moe.to_bfloat16(values)).astype(np.float64)
    exact = values.astype(np.float64)
    spacing = np.exp2(np.floor(np.log2(np.abs(exact))) - 7)
    assert (np.abs(got - exact) <= spacing / 2).all()


def test_rounding_of_float64_is_not_done_twice():
    # Just above the middle of two bfloat16 numbers; as a float32 it is the middle,
    # which would go down to the even one.
    value = np.array([1 + 2.0 ** -8 + 2.0 ** -40, 1 + 2.0 ** -8, -1 - 2.0 ** -8 - 2.0 ** -40])
    got = moe.from_bfloat16(moe.to_bfloat16(value))
    assert got.tolist() == [1 + 2.0 ** -7, 1.0, -1 - 2.0 ** -7]


def test_rounding_keeps_what_is_special():
    values = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 3.4e38, 1e300, 2.0 ** -133])
    got = moe.from_bfloat16(moe.to_bfloat16(values))
    assert got[0] == np.inf and got[1] == -np.inf and np.isnan(got[2])
    assert not np.signbit(got[3]) and np.signbit(got[4])
    assert got[5] == np.inf and got[6] == np.inf and got[7] == 2.0 ** -133
    # A NaN whose payload is in the bits that fall away stays one.
    nan = np.array([0x7F800001], np.uint32).view(np.float32)
    assert np.isnan(moe.from_bfloat16(moe.to_bfloat16(nan)))[0]


def test_a_number_without_axes_stays_one():
    for number in (1.5, np.float32(1.5), np.float64(1.5), np.array(1.5, ">f4")):
        bits = moe.to_bfloat16(number)
        assert bits.shape == () and bits == 0x3fc0
        assert moe.from_bfloat16(bits).shape == () and moe.from_bfloat16(bits) == 1.5
    with pytest.raises(ValueError, match=r"multiple of 32, got shape \[\]"):
        moe.quantize_mxfp4(np.float32(1))


def test_weights_in_floats_are_quantised(tensors):
    w = moe.dequantize_mxfp4(tensors.w2, tensors.scale2)
    codes, scales = moe.quantize_mxfp4(w)
    expected = moe.gemm2(tensors.a2, codes, scales, tensors.ids, tensors.weights,
                         chip=CHIP)
    got = moe.gemm2(tensors.a2, w, None, tensors.ids, tensors.weights, chip=CHIP)
    np.testing.assert_array_equal(got, expected)


def test_zero_tokens(tensors):
    x, w13, scale13, w2, scale2, ids, weights = tensors.arguments()
    got = moe.layer(x[:0], w13, scale13, w2, scale2, ids[:0], weights[:0], chip=CHIP)
    assert got.shape == (0, 128) and got.dtype == np.uint16
    got = moe.gemm1(x[:0], w13, scale13, ids[:0], chip=CHIP, out_type="f32")
    assert got.shape == (0, 96) and got.dtype == np.float32
    assert moe.reference_layer(x[:0], w13, scale13, w2, scale2, ids[:0],
                               weights[:0]).shape == (0, 128)


def test_out_is_added_to_in_place_whatever_its_strides(tensors):
    start = np.ones((8, 128), np.float32)
    expected = tensors.expected_stage2() + 1
    for out in (start.copy(), strided(start), start.astype(">f4"),
                np.asfortranarray(start)):
        got = moe.gemm2(*tensors.stage2(), chip=CHIP, out=out, out_type="f32")
        assert got is out
        assert_close(np.asarray(out, np.float32), expected, bits=20)


def test_out_stays_after_an_error(tensors):
    out = np.ones((8, 128), np.float32)
    with pytest.raises(moe.MoeError):
        moe.gemm2(*tensors.stage2(), chip=CHIP, out=out, out_type="f32",
                  tile="16x128x100")
    assert (out == 1).all()


def change(index, value):
    def make(arguments):
        arguments = list(arguments)
        arguments[index] = value(arguments[index]) if callable(value) else value
        return arguments
    return make


@pytest.mark.parametrize("make, error, message", [
    (change(0, lambda x: x.astype(np.int64)), TypeError,
     "x: expected bfloat16 (as uint16), or float16, float32 or float64 to be rounded, "
     "got int64"),
    (change(0, lambda x: x[:, :64]), ValueError, "w13: expected shape [?, ?, 32]"),
    (change(0, lambda x: x[:3]), ValueError, "x: expected shape [8, ?]"),
    (change(0, lambda x: x.astype(object)), TypeError, "x: expected numbers, got object"),
    (change(0, None), TypeError, "x: expected an array, got None"),
    (change(1, lambda w: w.astype(np.int8)), TypeError, "w13: expected uint8, got int8"),
    (change(0, [[1.0, 2.0], [3.0]]), ValueError, "x: expected an array, got list: "),
    (lambda a: (a[0], a[1].astype(np.uint16), None, *a[3:]), TypeError,
     "w13: expected codes in uint8, with scale13, or floats, which are quantised here, got "
     "uint16; of bfloat16 as uint16 moe.from_bfloat16() makes floats"),
    (change(1, lambda w: w[0]), ValueError, "w13: expected shape [?, ?, 64]"),
    (change(2, None), ValueError, "scale13: expected the scales of weights in uint8"),
    (change(2, lambda s: s[:, :, :3]), ValueError, "scale13: expected shape [6, 192, 4]"),
    (change(2, lambda s: s.astype(np.float32)), TypeError,
     "scale13: expected uint8, got float32"),
    (change(3, lambda w: w[:5]), ValueError, "scale2: expected shape [5, 128, 3]"),
    (change(5, lambda i: i.astype(np.float32)), TypeError,
     "topk_ids: expected int32 (or another integer), got float32"),
    (change(5, lambda i: i > 0), TypeError,
     "topk_ids: expected int32 (or another integer), got bool"),
    (change(0, lambda x: np.ma.masked_equal(x, x[0, 0])), ValueError,
     "x: expected no masked elements, got "),
    (change(6, lambda w: w[:, :1]), ValueError, "topk_weights: expected shape [8, 2]"),
    (change(6, None), ValueError, "topk_weights: expected an array [tokens, topk]"),
])
def test_what_is_refused(make, error, message, tensors):
    with pytest.raises(error) as caught:
        moe.layer(*make(tensors.arguments()), chip=CHIP)
    assert message in str(caught.value)


@pytest.mark.parametrize("out, error, message", [
    (np.zeros((8, 128), np.float64), TypeError, "out: expected bfloat16 (as uint16), got"),
    (np.zeros((9, 128), np.uint16), ValueError, "out: expected shape [8, 128]"),
    (read_only(np.zeros((8, 128), np.uint16)), ValueError, "got a read-only one"),
    ([[0] * 128] * 8, TypeError, "out: expected"),
    (np.lib.stride_tricks.as_strided(np.zeros(128, np.uint16), (8, 128), (0, 2)), ValueError,
     "out: expected memory of its own for each element, got strides [0, 2] for shape [8, 128]"),
    (np.lib.stride_tricks.as_strided(np.zeros(1024, np.uint16), (8, 128), (254, 2)), ValueError,
     "got strides [254, 2]"),
])
def test_outputs_that_are_refused(out, error, message, tensors):
    with pytest.raises(error) as caught:
        moe.layer(*tensors.arguments(), chip=CHIP, out=out)
    assert message in str(caught.value)


def test_out_may_have_any_strides_that_keep_elements_apart(tensors):
    expected = moe.layer(*tensors.arguments(), chip=CHIP, deterministic=True)
    memory = np.zeros(8 * 400, np.uint16)
    for strides in ((800, 4), (2, 16), (-800, 4), (6, 44)):
        memory[:] = 0
        first = memory[7 * 400:] if strides[0] < 0 else memory
        out = np.lib.stride_tricks.as_strided(first, (8, 128), strides)
        moe.layer(*tensors.arguments(), chip=CHIP, out=out, deterministic=True)
        np.testing.assert_array_equal(out, expected)
        assert np.count_nonzero(memory) == np.count_nonzero(expected)


def test_elements_that_share_memory():
    memory = np.zeros(100, np.uint16)
    for shape, strides, apart in (((2, 3), (6, 4), True), ((3, 3), (6, 4), True),
                                  ((3, 4), (6, 4), False), ((1, 5), (0, 2), True),
                                  ((2, 5), (1, 4), False), ((0, 5), (0, 0), True)):
        array = np.lib.stride_tricks.as_strided(memory, shape, strides)
        if apart:
            moe._arrays.check_separate(array, "out")
            continue
        with pytest.raises(ValueError, match="out: expected memory of its own"):
            moe._arrays.check_separate(array, "out")


def test_torch_tensors_with_something_left_to_do(tensors):
    torch = pytest.importorskip("torch")
    x = torch.from_numpy(moe.from_bfloat16(tensors.x))
    expected = moe.layer(x, *tensors.arguments()[1:], chip=CHIP)
    negative = torch._neg_view(-x)
    imaginary = torch.complex(torch.zeros_like(x), -x).conj().imag
    for same in (negative, imaginary):
        assert same.is_neg()
        got = moe.layer(same, *tensors.arguments()[1:], chip=CHIP)
        assert torch.equal(got, expected)
        out = torch._neg_view(torch.zeros(8, 128))
        with pytest.raises(ValueError, match="out: expected a tensor to write to, got one with "
                           "the negative bit"):
            moe.layer(same, *tensors.arguments()[1:], chip=CHIP, out=out, out_type="f32")
    with pytest.raises(TypeError, match="x: expected numbers, got complex64"):
        moe.layer(torch.complex(x, x).conj(), *tensors.arguments()[1:], chip=CHIP)
    with pytest.raises(TypeError, match="x: expected a dense tensor, got one of layout "
                       "torch.sparse_coo"):
        moe.layer(x.to_sparse(), *tensors.arguments()[1:], chip=CHIP)
    rows = torch.zeros(1, 128, dtype=torch.bfloat16).expand(8, 128)
    with pytest.raises(ValueError, match="out: expected memory of its own for each element"):
        moe.layer(*tensors.arguments(), chip=CHIP, out=rows)


def test_torch_tensors(tensors):
    torch = pytest.importorskip("torch")
    x = torch.from_numpy(tensors.x.view(np.int16)).view(torch.bfloat16)
    rest = [torch.from_numpy(np.array(a)) for a in tensors.arguments()[1:]]
    got = moe.layer(x, *rest, chip=CHIP)
    assert got.dtype == torch.bfloat16
    np.testing.assert_array_equal(got.view(torch.int16).numpy().view(np.uint16),
                                  moe.layer(*tensors.arguments(), chip=CHIP))
    moe.torch.register()
    moe.torch.register()
    assert torch.equal(torch.ops.moe.layer(x, *rest, chip=CHIP), got)


def test_ml_dtypes(tensors):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    arguments = list(tensors.arguments())
    arguments[0] = arguments[0].view(ml_dtypes.bfloat16)
    got = moe.layer(*arguments, chip=CHIP)
    assert got.dtype == ml_dtypes.bfloat16


def test_large_layers_leave_the_arguments_as_they_are():
    tensors = Layer(tokens=33, seed=9)
    before = [np.array(a) for a in tensors.arguments()]
    moe.layer(*tensors.arguments(), chip="gfx942")
    for a, b in zip(before, tensors.arguments()):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", KINDS)
def test_host_functions_take_every_kind_of_array(kind, tensors):
    make = KINDS[kind]
    values = np.random.default_rng(1).standard_normal((4, 32, 128)).astype(np.float32)
    codes, scales = moe.quantize_mxfp4(values)
    for got, expected in (
            (moe.quantize_mxfp4(make(values)), (codes, scales)),
            ([moe.dequantize_mxfp4(make(codes), make(scales))],
             [moe.dequantize_mxfp4(codes, scales)]),
            ([moe.shuffle_weight_a16w4(make(codes)),
              moe.shuffle_scale_a16w4(make(scales))],
             [moe.shuffle_weight_a16w4(codes), moe.shuffle_scale_a16w4(scales)]),
            (moe.moe_sorting(make(tensors.ids), make(tensors.weights), 6, 16),
             moe.moe_sorting(tensors.ids, tensors.weights, 6, 16)),
            ([moe.to_bfloat16(make(values))], [moe.to_bfloat16(values)])):
        for one, other in zip(got, expected, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_references_and_checks_take_every_kind_of_array(kind, tensors):
    make = KINDS[kind]
    y = moe.layer(*tensors.arguments(), chip=CHIP)
    arguments = [make(array) for array in tensors.arguments()]
    np.testing.assert_array_equal(moe.reference_layer(*arguments),
                                  moe.reference_layer(*tensors.arguments()))
    assert moe.check_layer(make(y), *arguments, chip=CHIP)["pass"]


@pytest.mark.parametrize("options", [{"out-type": "f32"}, {"out_type": "f32"}])
def test_an_option_may_be_spelt_with_a_dash(options, tensors):
    result = moe.layer(*tensors.arguments(), chip=CHIP, **options)
    assert result.dtype == np.float32


def test_one_option_in_two_spellings_is_refused(tensors):
    with pytest.raises(moe.MoeUsageError, match="expected one of the options"):
        moe.layer(*tensors.arguments(), chip=CHIP, out_type="f32", **{"out-type": "f16"})


def test_row_strides_change_no_number(tensors):
    plain = moe.layer(*tensors.arguments(), chip=CHIP)
    strided_ = moe.layer(*tensors.arguments(), chip=CHIP, x_stride=136, out_stride=160)
    assert plain.any() and (plain == strided_).all()


def test_sanitizers_may_be_a_list(tensors):
    _, outcome = moe.layer(*tensors.arguments(), chip=CHIP, sanitize=["wait", "race"],
                           return_outcome=True)
    assert not outcome["reports"]


@pytest.mark.parametrize("name", [None, b"gfx950", 950])
def test_a_chip_is_a_name(name, tensors):
    with pytest.raises(TypeError, match="chip: expected a name in a str, got"):
        moe.layer(*tensors.arguments(), chip=name)


def test_lists_of_whole_numbers_are_numbers():
    assert moe.to_bfloat16([1, 2]).tolist() == [0x3F80, 0x4000]
    assert moe.from_bfloat16(np.array([0x3F80], ">u2")).tolist() == [1.0]


def test_an_unknown_option_lists_names_that_python_has(tensors):
    with pytest.raises(moe.MoeUsageError) as caught:
        moe.layer(*tensors.arguments(), chip=CHIP, tiel="16x128x256")
    assert "out_type" in str(caught.value) and "out-type" not in str(caught.value)
