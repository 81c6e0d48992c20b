"""The refiner's networks as one ONNX graph: words by row in int8, all else in float32, the logits averaged.

Written node by node: the graph is a few dozen nodes, and depends on no exporter's version. What it takes and gives is
said in `udfs.models.line_manifest`.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.training.onnx_graph import Graph, Weights
from udfs.programs.tagging.features import FEATURES
from udfs.programs.tagging.words import SHOWN

OPSET = 17
IR_VERSION = 9


def write_graph(members: Sequence[Weights], head: tuple[NDArray[np.float32], float], target: Path) -> None:
    """Write the graph of networks (their `state_dict` as arrays) and of the head for documents: weights on the vectors
    that `LineNetwork.with_pages` gives of a page, one network after the other, and a bias."""
    graph = Graph()
    said = [_member(graph, weights) for weights in members]
    logits = graph.node("Div", graph.node("Sum", *(keep for keep, _ in said)), graph.constant(np.float32(len(said))))
    pages = graph.node("Concat", *(page for _, page in said), axis=1)
    scored = graph.node("MatMul", pages, graph.constant(head[0][:, None]))
    worth = graph.node("Add", scored, graph.constant(np.float32(head[1])))
    _save(graph, {"keep": logits, "document": worth}, target)


def _save(graph: Graph, outputs: dict[str, str], target: Path) -> None:
    """Write the graph; of each output, a column, the values."""
    import onnx
    from onnx import TensorProto, helper

    column = graph.constant(np.array([1]))
    nodes = [helper.make_node("Squeeze", [found, column], [name], name) for name, found in outputs.items()]
    shapes = {"tokens": ["lines", SHOWN], "features": ["lines", len(FEATURES)], "keep": ["lines"], "document": [1]}
    types = {name: TensorProto.INT32 if name == "tokens" else TensorProto.FLOAT for name in shapes}
    values = {name: helper.make_tensor_value_info(name, types[name], shape) for name, shape in shapes.items()}
    inputs = [values[name] for name in ("tokens", "features")]
    written = helper.make_graph(
        [*graph.nodes, *nodes], "line_tagger", inputs, [values[name] for name in outputs], graph.constants
    )
    model = helper.make_model(
        written, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="corpusmill"
    )
    onnx.checker.check_model(model)
    onnx.save(model, target)


def _member(graph: Graph, weights: Weights) -> tuple[str, str]:
    """The logits of the lines, (lines, 1), and the vector of the page, (1, width)."""
    lines = _lines(graph, weights)
    first = _over_page(graph, lines, weights, "first")
    second = _over_page(graph, first, weights, "second")
    pooled = [graph.node("ReduceMean", second, axes=[0]), graph.node("ReduceMax", second, axes=[0])]
    context = graph.layer(graph.node("Concat", *pooled, axis=1), weights, "page")
    hidden = graph.layer(graph.node("Concat", first, second, lines, axis=1), weights, "head")
    keep = graph.layer(graph.node("Relu", graph.node("Add", hidden, context)), weights, "keep")
    page = graph.node("Concat", *pooled, graph.node("ReduceMean", lines, axes=[0]), axis=1)
    return keep, page


def _lines(graph: Graph, weights: Weights) -> str:
    """The vector of each line by itself."""
    vectors = _vectors(graph, weights)
    last = graph.constant(np.array([2]))
    some = graph.node("Cast", graph.node("Greater", "tokens", graph.constant(np.int32(0))), to=1)
    shown = graph.node("Unsqueeze", some, last)
    count = graph.node(
        "Max", graph.node("ReduceSum", shown, graph.constant(np.array([1])), keepdims=0), graph.constant(np.float32(1))
    )
    mean = graph.node("Div", graph.node("ReduceSum", vectors, graph.constant(np.array([1])), keepdims=0), count)
    over = graph.node("Transpose", vectors, perm=[0, 2, 1])
    kernel, bias = graph.constant(weights["words.weight"]), graph.constant(weights["words.bias"])
    found = graph.node("Relu", graph.node("Conv", over, kernel, bias, kernel_shape=[3], pads=[1, 1]))
    best = graph.node(
        "ReduceMax", graph.node("Mul", found, graph.node("Transpose", shown, perm=[0, 2, 1])), axes=[2], keepdims=0
    )
    scaled = graph.node(
        "Div", graph.node("Sub", "features", graph.constant(weights["mean"])), graph.constant(weights["spread"])
    )
    shape = graph.node("Relu", graph.layer(scaled, weights, "shape"))
    line = graph.layer(graph.node("Concat", best, mean, shape, axis=1), weights, "line")
    scale, offset = graph.constant(weights["norm.weight"]), graph.constant(weights["norm.bias"])
    return graph.node("Relu", graph.node("LayerNormalization", line, scale, offset, axis=-1, epsilon=1e-5))


def _vectors(graph: Graph, weights: Weights) -> str:
    """The words' vectors, (lines, SHOWN, width), from int8 with a scale for each row of either table."""
    parts = [_looked_up(graph, weights[name]) for name in ("fixed.weight", "own.weight")]
    return graph.node("Concat", *parts, axis=2)


def _looked_up(graph: Graph, table: NDArray[np.float32]) -> str:
    scale = np.maximum(np.abs(table).max(1, keepdims=True), 1e-8) / 127
    rows = graph.node("Gather", graph.constant(np.round(table / scale).astype(np.int8)), "tokens")
    scales = graph.node("Gather", graph.constant(scale.astype(np.float32)), "tokens")
    return graph.node("Mul", graph.node("Cast", rows, to=1), scales)


def _over_page(graph: Graph, lines: str, weights: Weights, name: str) -> str:
    """A bidirectional GRU of torch over the lines, (lines, 2 x width)."""
    width = weights[f"{name}.weight_hh_l0"].shape[1]
    parts: list[list[NDArray[np.float32]]] = [[], [], []]
    for direction in ("", "_reverse"):
        each = [weights[f"{name}.{kind}_l0{direction}"] for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        inputs, hidden, input_bias, hidden_bias = (_gates(one) for one in each)
        parts[0].append(inputs)
        parts[1].append(hidden)
        parts[2].append(np.concatenate([input_bias, hidden_bias]))
    steps = graph.node("Unsqueeze", lines, graph.constant(np.array([1])))
    names = [graph.constant(np.stack(part)) for part in parts]
    attributes = {"hidden_size": width, "direction": "bidirectional", "linear_before_reset": 1}
    found = graph.node("GRU", steps, *names, **attributes)
    return graph.node("Reshape", found, graph.constant(np.array([-1, 2 * width])))


def _gates(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """torch's order of a GRU's gates (reset, update, new) as ONNX's (update, reset, new)."""
    reset, update, new = np.split(values, 3)
    return np.concatenate([update, reset, new])
