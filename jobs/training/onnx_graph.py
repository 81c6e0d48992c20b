"""ONNX graphs written node by node, which depend on no exporter and its version."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[np.float32]]  # the `state_dict` of a network of torch


class Graph:
    """Nodes and constants, each under a name of its own; what is the same in several networks is there once."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._known: dict[Any, str] = {}

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; the name of its first output."""
        from onnx import helper

        name = f"{operator.lower()}_{len(self.nodes)}"
        known = self._known.setdefault((operator, inputs, repr(attributes)), name)
        if known == name:
            self.nodes.append(helper.make_node(operator, list(inputs), [name], name, **attributes))
        return known

    def constant(self, values: Any) -> str:
        """Add a constant."""
        from onnx import numpy_helper

        array = np.asarray(values, order="C")
        name = f"constant_{len(self.constants)}"
        digest = hashlib.sha256(array.tobytes()).digest()
        known = self._known.setdefault((str(array.dtype), array.shape, digest), name)
        if known == name:
            self.constants.append(numpy_helper.from_array(array, name))
        return known

    def layer(self, values: str, weights: Weights, name: str) -> str:
        """A linear layer of torch."""
        weight, bias = self.constant(weights[f"{name}.weight"].T), self.constant(weights[f"{name}.bias"])
        return self.node("Add", self.node("MatMul", values, weight), bias)
