"""Runs onnxruntime-genai's model builder with one architecture that it lacks: Qwen2's mixture of experts, on which the
larger DataMan raters stand.

    python -m jobs.export.mixture -i CHECKPOINT -o OUT -p int8 -e cpu -c CACHE --extra_options block_size=128

The builder has the parts: attention as Qwen2's, experts and a gated shared expert as Qwen3.5's. Experts become one
operator (MoE, or QMoE with int8), which reads only those that a token is sent to.
"""

import argparse
from typing import Any

_STAND_IN = "Qwen2ForCausalLM"  # what the builder has to see to take the class that is put in its place


def main() -> None:
    """The command line, with those of the builder's options that we use."""
    parser = argparse.ArgumentParser(description="Build the graph of a Qwen2 mixture of experts.")
    for flag in ("-i", "-o", "-p", "-e", "-c"):
        parser.add_argument(flag, required=True)
    parser.add_argument("--extra_options", nargs="*", default=[])
    given = parser.parse_args()
    from onnxruntime_genai.models import builder

    builder.QwenModel = _mixture(builder)
    what = ("", given.i, given.o, given.p, given.e, given.c)
    options = builder.parse_extra_options(*what, given.extra_options)
    options["hf_details"]["hf_config"].architectures = [_STAND_IN]
    builder.create_model(*what, **options)


def _mixture(builder: Any) -> Any:
    from builders.qwen import Qwen35MoETextModel

    class Qwen2Mixture(builder.QwenModel):  # type: ignore[misc]  # a class of the builder's
        def __init__(self, config: Any, *rest: Any) -> None:
            super().__init__(config, *rest)
            self.moe_attrs["activation_type"] = "swiglu"
            self.moe_attrs["swiglu_fusion"] = 1
            self.moe_attrs["normalize_routing_weights"] = True
            self.weights_are_normalised = bool(config.norm_topk_prob)
            self.moe_intermediate_size = config.moe_intermediate_size
            self.shared_expert_intermediate_size = config.shared_expert_intermediate_size

        get_moe_module = Qwen35MoETextModel.get_moe_module
        make_moe_preprocessing = Qwen35MoETextModel.make_moe_preprocessing
        make_moe_router = Qwen35MoETextModel.make_moe_router
        make_moe_subgraph = Qwen35MoETextModel.make_moe_subgraph
        make_shared_expert = Qwen35MoETextModel.make_shared_expert

        def make_moe_op(self, name: str, **inputs: Any) -> None:
            """The operator with weights that sum to one; where the model has them as they are, its output is then
            multiplied by their sum. onnxruntime 1.31 gives zeros on the CPU where the operator is told not to
            normalise."""
            if self.weights_are_normalised:
                super().make_moe_op(name, **inputs)
                return
            super().make_moe_op(f"{name}/normalised", **inputs)
            router = f"{name.rpartition('/')[0]}/router/MatMul/output_0"
            best = f"/model/constants/INT64/[{self.moe_attrs['top_k']}]"
            self._node("Softmax", [router], f"{name}/probabilities", axis=-1)
            self._node("TopK", [f"{name}/probabilities", best], f"{name}/best", f"{name}/best_experts", axis=-1)
            self._node("ReduceSum", [f"{name}/best", "/model/constants/INT64/[-1]"], f"{name}/share", keepdims=True)
            self._node("Mul", [f"{name}/normalised/output_0", f"{name}/share"], f"{name}/output_0")

        def _node(self, operator: str, inputs: list[str], *outputs: str, **attributes: Any) -> None:
            self.make_node(operator, inputs=inputs, outputs=list(outputs), name=f"{outputs[0]}/node", **attributes)

    return Qwen2Mixture


if __name__ == "__main__":
    main()
