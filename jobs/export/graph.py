"""The contract of a decoder's graph, and the patch that makes onnxruntime-genai's graphs keep it.

Inputs: `input_ids` int64 [rows, new], the new tokens of each row, filled up on the right; `attention_mask` int64
[rows, valid], with as many ones in a row as it has valid tokens after the step; `slots` int64 [rows, wanted], positions
in `new` whose next token is wanted; `past_key_values.{layer}.key` and `.value` [rows, kv_heads, room, head_size].
Outputs: `logits` float32 [rows, wanted, vocabulary]; `next` int64 [rows, wanted], the token with the highest logit, the
lowest of equals; `present.{layer}.key` and `.value`, which may be bound to the buffers of the past.

Prompts are filled up on the right only, positions follow from the mask, and several new tokens over a past go with one
row only: another layout gives wrong tokens and no error, so the run-time has to keep to it.
"""

from pathlib import Path
from typing import Any

from jobs.export.refusal import Refused

LOGITS, NEXT, SLOTS = "logits", "next", "slots"

_HEADS = ("MatMul", "MatMulNBits", "Gemm")
_AFTER_THE_HEAD = ("Cast", "Mul", "Div", "Tanh")  # on every logit alone, so they commute with the choice of positions
_ROWS = "batch_size"


def patch(path: Path) -> None:
    """Rewrite the graph `path`: logits only at the wanted positions, as float32, and the best token of each.

    Without it a prompt of 1,900 tokens gives logits of its whole length: a gigabyte with a vocabulary of 152,000. The
    weights beside the graph are not read. Raises Refused where the graph is not one of a decoder.
    """
    import onnx

    model = onnx.load(str(path), load_external_data=False)
    head, hidden = _head(model.graph)
    _choose_positions(model.graph, head, hidden)
    _give_best_token(model.graph)
    onnx.save_model(model, str(path))


def _head(graph: Any) -> tuple[Any, str]:
    """The node that makes logits out of hidden states, and the name of these."""
    made_by = {output: node for node in graph.node for output in node.output}
    node = made_by.get(LOGITS)
    while node is not None and node.op_type in _AFTER_THE_HEAD:
        node = next((made_by[name] for name in node.input if name in made_by and name != LOGITS), None)
    if node is None or node.op_type not in _HEADS:
        found = "nothing" if node is None else node.op_type
        raise Refused(
            f"the logits of the exported graph are made by {found}, expected one of {', '.join(_HEADS)}; "
            "this version of onnxruntime-genai is not known here, install the one that the extra train names."
        )
    return node, node.input[0]


def _choose_positions(graph: Any, head: Any, hidden: str) -> None:
    """Only the hidden states at `slots` reach the head."""
    from onnx import TensorProto, helper

    graph.input.append(helper.make_tensor_value_info(SLOTS, TensorProto.INT64, [_ROWS, "wanted"]))
    graph.initializer.append(helper.make_tensor("slots/last_axis", TensorProto.INT64, [1], [-1]))
    place = next(index for index, node in enumerate(graph.node) if node is head)
    chosen = "slots/hidden"
    graph.node.insert(place, helper.make_node("Unsqueeze", [SLOTS, "slots/last_axis"], ["slots/indices"]))
    graph.node.insert(place + 1, helper.make_node("GatherND", [hidden, "slots/indices"], [chosen], batch_dims=1))
    head.input[0] = chosen


def _give_best_token(graph: Any) -> None:
    """`logits` as float32 at the wanted positions only, and `next`."""
    from onnx import TensorProto, helper

    output = next(one for one in graph.output if one.name == LOGITS)
    kind = output.type.tensor_type
    kind.shape.dim[1].Clear()
    kind.shape.dim[1].dim_param = "wanted"
    if kind.elem_type != TensorProto.FLOAT:
        maker = next(node for node in graph.node if LOGITS in node.output)
        maker.output[list(maker.output).index(LOGITS)] = "slots/logits"
        graph.node.append(helper.make_node("Cast", ["slots/logits"], [LOGITS], to=TensorProto.FLOAT))
        kind.elem_type = TensorProto.FLOAT
    graph.node.append(helper.make_node("ArgMax", [LOGITS], [NEXT], axis=-1, keepdims=0))
    graph.output.append(helper.make_tensor_value_info(NEXT, TensorProto.INT64, [_ROWS, "wanted"]))
    # Shapes that were written down for the tensors between head and logits hold no longer.
    kept = [info for info in graph.value_info if not info.name.startswith("/lm_head")]
    del graph.value_info[:]
    graph.value_info.extend(kept)
