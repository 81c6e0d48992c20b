"""Make `tests/data/tiny-rater`: a real ONNX rater of one random layer, for tests that must take the true path quickly.

    python -m tests.make_tiny_rater        (with the extra `train`)

Same inputs, outputs and quantisation as the shipped rater, so activations depend on what shares a run here too. The
vocabulary is made of this project's own words and all letters; the weights are random numbers of a fixed seed, so its
ratings mean nothing.
"""

import tempfile
from pathlib import Path
from typing import Any

from udfs.models.criteria import DOMAINS
from udfs.models.manifest import (
    GRAPH_FILE,
    MANIFEST_FILE,
    SCORES,
    TOKENIZER_FILE,
    FileFact,
    Manifest,
    Measurement,
    TrainingData,
    file_sha256,
)

FOLDER = Path(__file__).parent / "data/tiny-rater"
WIDTH = 48
MAX_TOKENS = 64
TEXT = "the of and to in a is page text crawl corpus word line rate model batch spark table domain quality score"
WORDS = TEXT.split()
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def make_tokenizer(path: Path) -> int:
    """Write a WordPiece tokenizer of WORDS, letters and digits; returns the size of its vocabulary."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    signs = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    tokens = [*SPECIAL, *WORDS, *signs, *(f"##{sign}" for sign in signs if sign.isalnum())]
    vocabulary = {token: position for position, token in enumerate(dict.fromkeys(tokens))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.save(str(path), pretty=False)
    return len(vocabulary)


def quantise(source: Path, target: Path) -> None:
    """Write a graph with the weights of its products as int8 and activations quantised at run time, and without what
    the exporter noted about itself, which would name folders of this machine.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(source, target, per_channel=True, op_types_to_quantize=["MatMul"], weight_type=QuantType.QInt8)
    model = onnx.load(target)
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
    del graph.value_info[:]
    onnx.save(model, target)


def make_graph(path: Path, vocabulary: int) -> None:
    """Write an int8 graph: embeddings, one attention layer, mean over the tokens, two heads."""
    import torch

    class Tiny(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = torch.nn.Embedding(vocabulary, WIDTH)
            self.positions = torch.nn.Embedding(MAX_TOKENS, WIDTH)
            self.query, self.key, self.value = (torch.nn.Linear(WIDTH, WIDTH) for _ in range(3))
            self.scores = torch.nn.Parameter(torch.randn(WIDTH, len(SCORES)) / WIDTH**0.5)
            self.domains = torch.nn.Parameter(torch.randn(WIDTH, len(DOMAINS)) / WIDTH**0.5)

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            mask = attention_mask.to(torch.float32)
            tokens = self.words(input_ids) + self.positions(torch.arange(input_ids.shape[1]))
            weights = self.query(tokens) @ self.key(tokens).transpose(1, 2) / WIDTH**0.5
            weights = (weights + (mask[:, None, :] - 1) * 1e4).softmax(dim=2)
            tokens = tokens + weights @ self.value(tokens)
            pooled = (tokens * mask[:, :, None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
            return 3 + 2 * pooled @ self.scores, 4 * pooled @ self.domains

    torch.manual_seed(0)
    ids = torch.tensor([[2, 5, 6, 3, 0], [2, 5, 6, 7, 3]])
    axes = {0: torch.export.Dim("texts", max=4096), 1: torch.export.Dim("tokens", min=2, max=MAX_TOKENS)}
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch, "float32.onnx")
        torch.onnx.export(
            Tiny().eval(),
            (ids, (ids != 0).to(torch.int64)),
            str(whole),
            dynamo=True,
            external_data=False,
            opset_version=18,
            input_names=["input_ids", "attention_mask"],
            output_names=["scores", "domains"],
            dynamic_shapes=(axes, axes),
        )
        quantise(whole, path)


def make_manifest(folder: Path) -> None:
    """Write the manifest of the two files; its measurements are placeholders that name themselves."""
    digests = {
        name: FileFact(sha256=file_sha256(folder / name), size_bytes=(folder / name).stat().st_size)
        for name in (GRAPH_FILE, TOKENIZER_FILE)
    }
    nothing = Measurement(split="none: random weights", measure="none", value=0.0, constant=0.0, rows=1)
    manifest = Manifest(
        name="tiny-rater",
        kind="rater",
        files=digests,
        scores=tuple(reversed(SCORES)),  # not the product's order on purpose: the run time must follow the manifest
        domains=tuple(reversed(DOMAINS)),
        head_tokens=24,
        tail_tokens=8,
        max_tokens=MAX_TOKENS,
        first_token=2,
        last_token=3,
        pad_token=0,
        rows_per_run=1,
        overall_deviation=0.7,
        training=TrainingData(
            description="random weights, fitted on nothing",
            sha256="0" * 64,
            rows=1,
            licences={"none": 1},
            rows_left_out={},
            encoder="random",
            encoder_licence="none",
            seed=0,
        ),
        quality=(nothing,),
        command="python -m tests.make_tiny_rater",
        versions={},
    )
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    make_graph(FOLDER / GRAPH_FILE, make_tokenizer(FOLDER / TOKENIZER_FILE))
    make_manifest(FOLDER)
