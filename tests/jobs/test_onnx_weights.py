"""The weights of a BERT encoder, read from a graph made by hand."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from jobs.training.onnx_weights import encoder_weights, main

onnx = pytest.importorskip("onnx")

WIDTH, INNER, LAYERS = 4, 6, 2
SHAPES = [(WIDTH, WIDTH)] * 4 + [(WIDTH, INNER), (INNER, WIDTH)]
NAMES = ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"]
NAMES += ["intermediate.dense", "output.dense"]


def graph(products: int = LAYERS * len(SHAPES)) -> tuple[bytes, list[np.ndarray]]:
    """Products with nameless constants, one after the other, and biases under transformers' names."""
    draw = np.random.default_rng(0)
    matrices = [draw.normal(size=SHAPES[number % len(SHAPES)]).astype(np.float32) for number in range(products)]
    constants = {f"onnx::MatMul_{7 * number}": matrix for number, matrix in enumerate(matrices)}
    nodes, last = [], "input"
    for number, name in enumerate(constants):
        nodes.append(onnx.helper.make_node("MatMul", [last, name], [f"product_{number}"]))
        last = f"product_{number}"
    for number in range(products):
        layer, place = divmod(number, len(SHAPES))
        constants[f"encoder.layer.{layer}.{NAMES[place]}.bias"] = np.full(SHAPES[place][1], number, np.float32)
    constants["embeddings.word_embeddings.weight"] = draw.normal(size=(9, WIDTH)).astype(np.float32)
    constants["embeddings.position_ids"] = np.arange(9)[None]
    made = onnx.helper.make_graph(
        nodes,
        "bert",
        [onnx.helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, [1, WIDTH])],
        [onnx.helper.make_tensor_value_info(last, onnx.TensorProto.FLOAT, [1, WIDTH])],
        [onnx.numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    return onnx.helper.make_model(made).SerializeToString(), matrices


def test_matrices_get_the_names_of_their_places() -> None:
    made, matrices = graph()
    found = encoder_weights(made)
    for number, matrix in enumerate(matrices):
        layer, place = divmod(number, len(SHAPES))
        assert np.array_equal(found[f"encoder.layer.{layer}.{NAMES[place]}.weight"], matrix.T)
        assert found[f"encoder.layer.{layer}.{NAMES[place]}.bias"][0] == number
    assert found["embeddings.word_embeddings.weight"].shape == (9, WIDTH)
    assert len(found) == 2 * len(matrices) + 1  # the positions' numbers are no weights


def test_what_is_no_encoder_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "odd.onnx").write_bytes(graph(7)[0])
    (tmp_path / "text.onnx").write_text("no graph at all")
    (tmp_path / "tokenizer.json").write_text("{}")
    with zipfile.ZipFile(tmp_path / "empty.jar", "w") as archive:
        archive.writestr("a/tokenizer.json", "{}")
    for name, said in (
        ("absent.onnx", "is no file"),
        ("empty.jar", "has 0 graphs and 1 tokenizers"),
        ("text.onnx", "is no ONNX graph"),
        ("odd.onnx", "has 7 products with constants, expected six for each layer"),
    ):
        assert main([str(tmp_path / name), str(tmp_path / "out")]) == 2
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1
        assert said in lines[0]
        assert not (tmp_path / "out").exists()
    (tmp_path / "tokenizer.json").unlink()
    assert main([str(tmp_path / "odd.onnx"), str(tmp_path / "out")]) == 2
    assert "expected the tokenizer beside the graph" in capsys.readouterr().err
