"""A BERT encoder with its pooling as an ONNX graph, written node by node: in float32, or in int8 for speed on a CPU.

The graph takes `input_ids` and `attention_mask` (both int64, texts x tokens) and gives `features` (float32, texts x
layers * 2 * width): of each layer, the mean over the tokens of a text, then the maximum. Weights have the names of
transformers' `BertModel`, whose published form is assumed: the exact GELU, tokens of the first type. Only numpy and
onnx are needed. The operators of the domain com.microsoft are those of onnxruntime; none is known to other run times.

Measured on one core of a processor with VNNI, 470 tokens of MiniLM-L6: products of integers run at 370 thousand million
a second and attention's, in float32, at 105; with the softmax they are five sixths of the time. Slower, so not here:
MatMulNBits with eight bits and unsigned weights (twice as long as MatMulIntegerToFloat), SkipLayerNormalization (six
times an Add and a LayerNormalization), BiasGelu (a product adds its bias for nothing), one product for query, key and
value (it has to be split afterwards), ReduceMax over tensors of three axes. No faster: attention in int8 or head by
head (its time goes into the scores, not into their products), the feed-forward network in blocks.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.training.onnx_graph import Graph, Weights

OPSET = 18
IR_VERSION = 9
EPSILON = 1e-12  # of BERT's layer normalisation
RUNTIME = "com.microsoft"
FAR = 1e4  # further below than any value: a maximum does not see it
END = 2**31 - 1  # of a slice: as far as it goes
FLOAT, INT32, BOOL = 1, 6, 9  # onnx.TensorProto's numbers

Floats = NDArray[np.float32]

# Processors without VNNI add two products of eight bits within sixteen: 2 * 255 * 63 is the most that they can hold, so
# that all processors get the same integers. Seven bits instead of eight cost next to no agreement.
WEIGHT_LEVELS = 63
ROW_LEVELS = 127  # of embeddings, which are only looked up


def write_encoder(weights: Weights, layers: Sequence[int], heads: int, target: Path, *, int8: bool) -> None:
    """Write the graph that pools `layers` (ascending, from 1; none above the last is computed), with `heads` attention
    heads each.

    In float32 texts may share a run. In int8 a run takes one text, of which only tokens with the mask 1 count: the
    scale of an activation is taken over the whole tensor, so texts that share a run would influence one another.
    Weights have one scale for each output channel, embeddings one for each row. Raises KeyError where a weight is
    missing and ValueError where the width is no multiple of `heads`.
    """
    width = weights["embeddings.word_embeddings.weight"].shape[1]
    if width % heads:
        raise ValueError(f"a width of {width} is no multiple of {heads} heads; give the encoder's own number of heads.")
    encoder = (_Int8 if int8 else _Float32)(weights, heads)
    values = encoder.embedded()
    pooled = []
    for number in range(1, layers[-1] + 1):
        values = encoder.layer(values, f"encoder.layer.{number - 1}")
        if number in layers:
            pooled += encoder.pooled(values)
    _save(encoder.graph, pooled, "texts" if not int8 else 1, len(layers) * 2 * width, target)


class _Encoder(ABC):
    """What the float32 and the int8 graph have in common. Values are (texts, tokens, width)."""

    def __init__(self, weights: Weights, heads: int) -> None:
        self.graph = Graph()
        self.weights = weights
        self.heads = heads

    def embedded(self) -> str:
        """The sum of the embeddings of words, positions and the first type, normalised."""
        positions = self.weights["embeddings.position_embeddings.weight"]
        places = positions + self.weights["embeddings.token_type_embeddings.weight"][0]
        return self.normal(self.looked_up(self.weights["embeddings.word_embeddings.weight"], places), "embeddings")

    def layer(self, values: str, name: str) -> str:
        """Attention and feed-forward network, each added to its input and normalised."""
        added = self.added(self.attended(values, f"{name}.attention.self"), values, f"{name}.attention.output")
        return self.fed_forward(added, name)

    def fed_forward(self, values: str, name: str) -> str:
        """The feed-forward network, which sees each token by itself."""
        inner = self.linear(self.given(values), f"{name}.intermediate.dense")
        return self.added(self.graph.node("Gelu", inner, domain=RUNTIME), values, f"{name}.output")

    def attended(self, values: str, name: str) -> str:
        """Attention of all heads."""
        given = self.given(values)
        parts = [self.linear(given, f"{name}.{part}") for part in ("query", "key", "value")]
        return self.graph.node("MultiHeadAttention", *parts, *self.shown, num_heads=self.heads, domain=RUNTIME)

    def added(self, values: str, before: str, name: str) -> str:
        """A linear layer, added to what was before and normalised."""
        found = self.linear(self.given(values), f"{name}.dense")
        return self.normal(self.graph.node("Add", found, before), name)

    def normal(self, values: str, name: str) -> str:
        """Layer normalisation."""
        parts = [self.graph.constant(self.weights[f"{name}.LayerNorm.{part}"]) for part in ("weight", "bias")]
        return self.graph.node("LayerNormalization", values, *parts, axis=-1, epsilon=EPSILON)

    def integers(self, *values: int) -> str:
        """A constant of axes or limits."""
        return self.graph.constant(np.array(values))

    shown: tuple[str, ...] = ()  # inputs of attention beside query, key and value

    @abstractmethod
    def looked_up(self, words: Floats, places: Floats) -> str:
        """The sum of the rows of the words and of their places."""

    @abstractmethod
    def given(self, values: str) -> Any:
        """Values as `linear` takes them, once for all layers with this input."""

    @abstractmethod
    def linear(self, given: Any, name: str) -> str:
        """A linear layer."""

    @abstractmethod
    def pooled(self, values: str) -> list[str]:
        """Mean and maximum over the tokens of a text, (texts, width) each."""


class _Float32(_Encoder):
    """Texts of any length share a run."""

    def __init__(self, weights: Weights, heads: int) -> None:
        super().__init__(weights, heads)
        mask = self.graph.node("Cast", "attention_mask", to=FLOAT)
        count = self.graph.node("ReduceSum", mask, self.integers(1), keepdims=1)
        self._shares = self.graph.node("Unsqueeze", self.graph.node("Div", mask, count), self.integers(1))
        below = self.graph.node("Mul", self.graph.node("Sub", mask, self._number(1)), self._number(FAR))
        self._below = self.graph.node("Unsqueeze", below, self.integers(2))
        self.shown = ("", self.graph.node("Cast", "attention_mask", to=INT32))

    def looked_up(self, words: Floats, places: Floats) -> str:
        count = self.graph.node("Shape", "input_ids", start=1, end=2)
        placed = self.graph.node("Slice", self.graph.constant(places), self.integers(0), count)
        return self.graph.node("Add", self.graph.node("Gather", self.graph.constant(words), "input_ids"), placed)

    def given(self, values: str) -> str:
        return values

    def linear(self, given: str, name: str) -> str:
        return self.graph.layer(given, self.weights, name)

    def pooled(self, values: str) -> list[str]:
        mean = self.graph.node("Squeeze", self.graph.node("MatMul", self._shares, values), self.integers(1))
        shown = self.graph.node("Add", values, self._below)
        return [mean, self.graph.node("ReduceMax", shown, self.integers(1), keepdims=0)]

    def _number(self, value: float) -> str:
        return self.graph.constant(np.float32(value))


class _Int8(_Encoder):
    """One text a run. Its tokens are taken out by the mask first, so that nothing after needs it."""

    def looked_up(self, words: Floats, places: Floats) -> str:
        shown = self.graph.node("Cast", self.graph.node("Squeeze", "attention_mask", self.integers(0)), to=BOOL)
        ids = self.graph.node("Compress", "input_ids", shown, axis=1)
        count = self.graph.node("Shape", ids, start=1, end=2)
        found = []
        for table, chosen in ((words, ("Gather", ids)), (places, ("Slice", self.integers(0), count))):
            rows, scales = _by_row(table, ROW_LEVELS)
            parts = [self.graph.node(chosen[0], self.graph.constant(one), *chosen[1:]) for one in (rows, scales)]
            found.append(self.graph.node("Mul", self.graph.node("Cast", parts[0], to=FLOAT), parts[1]))
        return self.graph.node("Add", *found)

    def fed_forward(self, values: str, name: str) -> str:
        """Once for the first token and once for all others: BERT gives [CLS] values five times as large as any other
        token's, and with one scale for both the others' are rounded to a fifth of the steps."""
        first = self.graph.node("Slice", values, self.integers(0), self.integers(1), self.integers(1))
        others = self.graph.node("Slice", values, self.integers(1), self.integers(END), self.integers(1))
        parts = [super(_Int8, self).fed_forward(part, name) for part in (first, others)]
        return self.graph.node("Concat", *parts, axis=1)

    def given(self, values: str) -> tuple[str, str, str]:
        """Integers of eight bits, their scale and their zero."""
        from onnx import helper

        name = f"integers_{len(self.graph.nodes)}"
        outputs = (name, f"{name}_scale", f"{name}_zero")
        self.graph.nodes.append(helper.make_node("DynamicQuantizeLinear", [values], outputs, name))
        return outputs

    def linear(self, given: tuple[str, str, str], name: str) -> str:
        integers, scale, zero = given
        rows, scales = _by_row(self.weights[f"{name}.weight"], WEIGHT_LEVELS)
        weight, weight_scales = self.graph.constant(rows.T), self.graph.constant(scales[:, 0])
        bias = self.graph.constant(self.weights[f"{name}.bias"])
        inputs = (integers, weight, scale, weight_scales, zero, "", bias)
        return self.graph.node("MatMulIntegerToFloat", *inputs, domain=RUNTIME)

    def pooled(self, values: str) -> list[str]:
        # onnxruntime takes a maximum over the first of two axes twice as fast as over the second of three.
        rows, first = self.graph.node("Squeeze", values, self.integers(0)), self.integers(0)
        return [self.graph.node(kind, rows, first) for kind in ("ReduceMean", "ReduceMax")]


def _by_row(table: Floats, levels: int) -> tuple[NDArray[np.int8], Floats]:
    """Integers from -levels to levels and the scale of each row, a column."""
    scales = (np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-8) / levels).astype(np.float32)
    return np.round(table / scales).astype(np.int8), scales


def _save(graph: Graph, pooled: list[str], texts: str | int, width: int, target: Path) -> None:
    """Write the graph with all that is pooled side by side."""
    import onnx
    from onnx import TensorProto, helper

    features = helper.make_node("Concat", pooled, ["features"], "features", axis=1)
    names = ("input_ids", "attention_mask")
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, [texts, "tokens"]) for name in names]
    output = helper.make_tensor_value_info("features", TensorProto.FLOAT, [texts, width])
    written = helper.make_graph([*graph.nodes, features], "encoder", inputs, [output], graph.constants)
    versions = [helper.make_opsetid("", OPSET), helper.make_opsetid(RUNTIME, 1)]
    model = helper.make_model(written, opset_imports=versions, ir_version=IR_VERSION, producer_name="corpusmill")
    onnx.checker.check_model(model)
    onnx.save(model, target)
