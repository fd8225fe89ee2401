"""Operators that torch cannot write as ONNX, or only with the sizes of the example, written here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.onnx.symbolic_helper import parse_args

OPSET = 17  # of ONNX, of 2022: the first with layer normalisation
INT64 = 7  # ONNX's number of that type


@contextmanager
def exportable() -> Iterator[None]:
    """Within it torch knows how to write the operators of this file, and lets its Transformer compute in steps that
    ONNX has: not in one fused kernel."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    for name, function in SYMBOLICS.items():
        torch.onnx.register_custom_op_symbolic(name, function, OPSET)
    try:
        yield
    finally:
        for name in SYMBOLICS:
            torch.onnx.unregister_custom_op_symbolic(name, OPSET)
        torch.backends.mha.set_fastpath_enabled(fused)


def _searchsorted(
    graph: Any, ends: Any, values: Any, out_int32: Any, right: Any, side: Any = None, sorter: Any = None
) -> Any:
    """`torch.searchsorted(ends, values, right=True)`, as `padding.repeat` calls it: how many `ends` `(batch, units)`
    are not above each value `(batch, steps)`."""
    ends, values = graph.op("Unsqueeze", ends, _ints(graph, 1)), graph.op("Unsqueeze", values, _ints(graph, 2))
    passed = graph.op("Cast", graph.op("LessOrEqual", ends, values), to_i=INT64)
    return graph.op("ReduceSum", passed, _ints(graph, 2), keepdims_i=0)


def _unfold(graph: Any, values: Any, axis: Any, size: Any, step: Any) -> Any:
    """`values.unfold(2, size, 1)` of `(batch, channels, time)`, as the attention to its own history calls it."""
    zero, one = (graph.op("Constant", value_t=torch.tensor(each)) for each in (0, 1))
    time = graph.op("Gather", graph.op("Shape", values), graph.op("Constant", value_t=torch.tensor(2)), axis_i=0)
    windows = graph.op("Add", graph.op("Sub", time, size), one)
    firsts = graph.op("Unsqueeze", graph.op("Range", zero, windows, one), _ints(graph, 1))
    return graph.op("Gather", values, graph.op("Add", firsts, graph.op("Range", zero, size, one)), axis_i=2)


@parse_args("v", "i", "v")
def _unflatten(graph: Any, values: Any, axis: int, sizes: Any) -> Any:
    """`values.unflatten(axis, sizes)`. torch's own computes where the shape is to be cut, which no inference of shapes
    follows: what stands behind it would keep the sizes of the example."""
    rank = values.type().dim()
    axis, shape = axis % rank, graph.op("Shape", values)
    head = graph.op("Slice", shape, _ints(graph, 0), _ints(graph, axis))
    tail = graph.op("Slice", shape, _ints(graph, axis + 1), _ints(graph, rank))
    return graph.op("Reshape", values, graph.op("Concat", head, sizes, tail, axis_i=0))


def _ints(graph: Any, *numbers: int) -> Any:
    return graph.op("Constant", value_t=torch.tensor(numbers))


SYMBOLICS: dict[str, Callable] = {
    "aten::searchsorted": _searchsorted,
    "aten::unfold": _unfold,
    "aten::unflatten": _unflatten,
}
