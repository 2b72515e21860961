"""Validation: what is let in, in which form, and what is said about the rest."""

import numpy as np
import pandas as pd
import pytest
import torch

from mi_lab.samples import as_array, as_array_pair, as_pair, as_samples, is_constant

COLUMN = [[1.0], [2.5], [-3.0]]
FORMS = {
    "list": [1.0, 2.5, -3.0],
    "nested list": COLUMN,
    "float64": np.array(COLUMN),
    "float32": np.array(COLUMN, dtype=np.float32),
    "fortran": np.asfortranarray(np.array(COLUMN)),
    "read-only": np.broadcast_to(np.array(COLUMN, dtype=np.float32), (3, 1)),
    "series": pd.Series([1.0, 2.5, -3.0]),
    "nullable series": pd.Series([1.0, 2.5, -3.0], dtype="Float64"),
    "frame": pd.DataFrame({"a": [1.0, 2.5, -3.0]}),
    "tensor": torch.tensor(COLUMN),
    "double tensor": torch.tensor(COLUMN, dtype=torch.float64),
    "half tensor": torch.tensor(COLUMN, dtype=torch.bfloat16),
    "flat tensor": torch.tensor([1.0, 2.5, -3.0]),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_becomes_the_same_samples(form):
    tensor, array = as_samples(FORMS[form]), as_array(FORMS[form])
    assert tensor.dtype == torch.float32
    assert array.dtype == np.float64
    assert tensor.tolist() == array.tolist() == COLUMN


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, bool])
def test_whole_numbers_are_numbers(dtype):
    assert as_samples(np.array([0, 1, 1], dtype=dtype)).ravel().tolist() == [0, 1, 1]


def test_float32_shares_its_memory_and_a_tensor_keeps_its_graph():
    a = np.zeros((5, 2), dtype=np.float32)
    as_samples(a)[0, 0] = 7
    assert a[0, 0] == 7
    t = torch.zeros(5, 2, requires_grad=True)
    as_samples(t).sum().backward()
    assert torch.equal(t.grad, torch.ones(5, 2))


BAD = {
    "a scalar": (3.0, "shape"),
    "three axes": (np.zeros((2, 2, 2)), "shape"),
    "a tensor with three axes": (torch.zeros(2, 2, 2), "shape"),
    "no columns": (np.zeros((5, 0)), "no columns"),
    "empty": ([], "n = 0"),
    "one sample": ([1.0], "n = 1"),
    "NaN": ([1.0, float("nan"), 2.0], "1 NaN"),
    "infinite": ([1.0, float("inf"), -float("inf")], "2 infinite"),
    "NaN in a tensor": (torch.tensor([1.0, float("nan")]), "1 NaN"),
    "missing in a frame": (pd.DataFrame({"a": [1, None, 3]}), "1 NaN"),
    "text": (["a", "b"], "dtype"),
    "a string": ("abc", "is a str"),
    "nothing": (None, "NoneType"),
    "a dictionary": ({"a": [1, 2]}, "is a dict"),
    "ragged": ([[1.0], [2.0, 3.0]], "ragged"),
    "objects": (np.array([object(), object()]), "array of numbers"),
    "complex": (np.array([1j, 2.0]), "complex"),
    "a complex tensor": (torch.tensor([1j, 2.0]), "complex"),
    "dates": (np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[D]"), "datetime64"),
    "masked": (np.ma.masked_invalid([1.0, np.nan, 2.0]), "1 masked"),
}


@pytest.mark.parametrize("form", [as_samples, as_array])
@pytest.mark.parametrize("case", BAD)
def test_bad_samples_are_refused_by_name_in_one_sentence(case, form):
    bad, said = BAD[case]
    with pytest.raises(ValueError, match=f"(?s)^price .*{said}.*\\.$") as error:
        form(bad, "price")
    assert "\n" not in str(error.value)


def test_values_beyond_float32_are_refused_only_where_float32_is_wanted():
    with pytest.raises(ValueError, match="too large for float32"):
        as_samples([1e300, 0.0])
    assert as_array([1e300, 0.0])[0, 0] == 1e300


@pytest.mark.parametrize("pair", [as_pair, as_array_pair])
def test_lengths_must_agree(pair):
    with pytest.raises(ValueError, match=r"^x has 3 samples and y has 4: wanted equally many"):
        pair(np.zeros(3), np.zeros(4))
    assert [t.shape[1] for t in pair(np.zeros((3, 2)), np.zeros(3))] == [2, 1]


def test_a_constant_is_announced():
    with pytest.warns(UserWarning, match="^y is constant in all 4 samples, so its mutual information"):
        assert is_constant(torch.ones(4, 2), "y")
    assert not is_constant(np.array([[1.0, 2.0], [1.0, 3.0]]))
