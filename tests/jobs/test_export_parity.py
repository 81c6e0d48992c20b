"""Whole exports of random checkpoints in the real architectures, held against transformers. Needs the extra `train`."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnxruntime_genai")

from jobs.export.reference import greedy, load_reference, parity_prompts
from jobs.export.refusal import Refused
from jobs.export.tokenizer import hard_texts
from jobs.export_onnx import Wish, export, main
from tests import decoder_checkpoints as shapes
from udfs.models.decoder_manifest import load_decoder_manifest, verify_decoder
from udfs.models.decoding import Wanted
from udfs.models.onnx_decoder import load_decoder
from udfs.models.tokens import load_tokenizer

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PROMPTS, LONGEST, ANSWER_TOKENS = 112, 200, 24
FLOAT = Wish("other", variants=("cpu-fp32",), prompts=6)


class Case(NamedTuple):
    """A shape, how it is stored, and which graphs to make of it."""

    shape: Callable[[], Any]
    dtype: str = "float32"
    has_int8: bool = True


CASES = {
    "prox-0.3b": Case(shapes.llama_prox_small),
    "prox-0.7b": Case(shapes.llama_prox_medium, "float16"),
    "qwen2-tied": Case(shapes.qwen2_tied, "bfloat16"),
    "qwen2-mixture": Case(shapes.qwen2_mixture, "bfloat16"),
    "qwen3": Case(shapes.qwen3, has_int8=False),
    "mistral": Case(shapes.mistral, has_int8=False),
    "llama3-rope": Case(shapes.llama3_rope, has_int8=False),
}


@pytest.mark.parametrize("name", CASES)
def test_tokens_are_those_of_transformers(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    checkpoint = shapes.write_checkpoint(tmp_path / "checkpoint", case.shape(), seed=3, dtype=case.dtype)
    variants = ("cpu-fp32", "cpu-int8") if case.has_int8 else ("cpu-fp32",)
    manifest = export(checkpoint, tmp_path / "model", FLOAT._replace(variants=variants))
    tokenizer = load_tokenizer(tmp_path / "model/tokenizer.json")
    prompts = parity_prompts(tokenizer, manifest.begin, manifest.vocabulary, PROMPTS, LONGEST)
    model = load_reference(checkpoint)
    expected = [tuple(greedy(model, prompt, manifest.stop, ANSWER_TOKENS)) for prompt in prompts]
    wanted = [Wanted(prompt, ANSWER_TOKENS) for prompt in prompts]
    assert [one.tokens for one in load_decoder(tmp_path / "model", "cpu-fp32", 2).generate(wanted)] == expected
    assert len(set(expected)) > PROMPTS // 2
    if case.has_int8:
        verify_decoder(tmp_path / "model", manifest, "cpu-int8")
        found = load_decoder(tmp_path / "model", "cpu-int8", 2).generate(wanted)
        equal = sum(one.tokens == other for one, other in zip(found, expected, strict=True))
        first = sum(one.tokens[:1] == other[:1] for one, other in zip(found, expected, strict=True))
        print(f"{name}: int8 gives {equal} of {PROMPTS} whole answers and {first} first tokens as float32")
        assert not any(one.error for one in found)
        assert first > 0.7 * PROMPTS  # random weights leave thin margins


def test_a_rope_base_in_the_old_place_is_followed(tmp_path: Path) -> None:
    """Published checkpoints have rope_theta beside the other settings; transformers 5 writes it elsewhere."""
    checkpoint = shapes.write_checkpoint(tmp_path / "checkpoint", shapes.llama_prox_small())
    path = checkpoint / "config.json"
    config = json.loads(path.read_text())
    del config["rope_parameters"]
    path.write_text(json.dumps(config | {"rope_theta": 500000.0, "rope_scaling": None}))
    manifest = export(checkpoint, tmp_path / "model", FLOAT)
    assert manifest.parity[0].answers_equal == 1
    assert load_reference(checkpoint).config.rope_parameters["rope_theta"] == 500000.0


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One small checkpoint, not to be changed."""
    return shapes.write_checkpoint(tmp_path_factory.mktemp("small") / "checkpoint", shapes.llama_prox_small())


@pytest.fixture
def copy(small: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoiled."""
    return Path(shutil.copytree(small, tmp_path / "checkpoint"))


def with_tensors(checkpoint: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Change the tensors of a checkpoint."""
    from safetensors.torch import load_file, save_file

    path = checkpoint / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata={"format": "pt"})
    return checkpoint


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda tensors: tensors.pop("model.norm.weight"), "the weights lack model.norm.weight (1 in all)"),
        (
            lambda tensors: tensors.update({"model.layers.0.mlp.up_proj.bias": tensors["model.norm.weight"].clone()}),
            "the weights have an unknown model.layers.0.mlp.up_proj.bias",
        ),
    ],
)
def test_weights_that_do_not_fit_the_config_are_refused(
    copy: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None], sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        export(with_tensors(copy, change), tmp_path / "model", FLOAT)
    assert sentence in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_a_graph_that_answers_otherwise_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    checkpoint = shapes.write_checkpoint(tmp_path / "checkpoint", shapes.as_wide_as_its_vocabulary())
    with pytest.raises(Refused, match=r"the float32 graph .* gives 0\.\d+ of the tokens .* expected 0\.98"):
        export(checkpoint, tmp_path / "model", FLOAT)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_a_builder_that_fails_is_one_sentence(copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.export.builder.BLOCK_WEIGHTS", "many")
    with pytest.raises(Refused, match=r"could not make cpu-fp32 of .* \(it said: .*\); leave this variant out"):
        export(copy, tmp_path / "model", FLOAT)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_the_command_needs_no_network(small: Path, tmp_path: Path) -> None:
    """In a network namespace without any interface; every source of the graphs has its digest in the manifest."""
    alone = ["unshare", "--net", "--map-root-user"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], check=False).returncode:
        pytest.skip("this machine allows no network namespaces")
    command = [sys.executable, "-m", "jobs.export_onnx", str(small), str(tmp_path / "model"), "--format", "prox-chunk"]
    command += ["--language", "en", "--parity-prompts", "4", "--name", "refiner"]
    done = subprocess.run([*alone, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    manifest = load_decoder_manifest(tmp_path / "model")
    assert (manifest.name, manifest.format, manifest.language) == ("refiner", "prox-chunk", "en")
    assert set(manifest.variants) == {"cpu-int8", "cuda-fp16"}
    assert {one.variant for one in manifest.parity} == {"cpu-fp32", "cpu-int8", "cuda-fp16"}
    expected = {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json"}
    assert set(manifest.source_sha256) == expected
    assert str(tmp_path) not in (tmp_path / "model/manifest.json").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def sentencepiece_folder(checkpoint: Path, model: bytes) -> Path:
    """Put a SentencePiece model in the place of the tokenizer."""
    (checkpoint / "tokenizer.json").unlink()
    (checkpoint / "tokenizer.model").write_bytes(model)
    return checkpoint


def trained_pieces(kind: str, **options: Any) -> bytes:
    """A small SentencePiece model."""
    sentencepiece = pytest.importorskip("sentencepiece")
    import io

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the page has  lines and the   lines have words", "keep_doc() 12 34"] * 20),
        model_writer=model,
        vocab_size=310,
        hard_vocab_limit=False,
        model_type=kind,
        minloglevel=2,
        **({"byte_fallback": True, "normalization_rule_name": "identity", "split_digits": True} | options),
    )
    return model.getvalue()


def test_sentencepiece_becomes_a_tokenizer_that_cuts_alike(copy: Path, tmp_path: Path) -> None:
    sentencepiece = pytest.importorskip("sentencepiece")
    pieces = trained_pieces("bpe", remove_extra_whitespaces=False, allow_whitespace_only_pieces=True)
    export(sentencepiece_folder(copy, pieces), tmp_path / "model", FLOAT)
    found = load_tokenizer(tmp_path / "model/tokenizer.json")
    expected = sentencepiece.SentencePieceProcessor(model_proto=pieces)
    for text in [*hard_texts(), "the  page", "   lines   have", "keep_doc()    ", "        "]:
        assert found.encode(text, add_special_tokens=False).ids == expected.encode(text), repr(text)
    assert found.encode("a").ids[0] == expected.bos_id()
    assert load_decoder_manifest(tmp_path / "model").begin == (expected.bos_id(),)


@pytest.mark.parametrize(
    ("kind", "options"), [("unigram", {}), ("bpe", {"normalization_rule_name": "nmt_nfkc"})], ids=["unigram", "nfkc"]
)
def test_a_sentencepiece_model_of_another_kind_is_refused(
    copy: Path, tmp_path: Path, kind: str, options: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = sentencepiece_folder(copy, trained_pieces(kind, **options))
    assert main([str(folder), str(tmp_path / "model"), "--format", "other"]) == 2
    assert "but tokenizer.model into" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_llama_2_is_converted_as_published(data: Path, tmp_path: Path) -> None:
    """The one tokenizer whose published conversion is at hand: the same ids on all hard texts."""
    from jobs.export.sentencepiece_model import convert

    folder = data / "tokenizers/llama2"
    convert(folder / "tokenizer.model", tmp_path / "tokenizer.json", adds_begin=True)
    found, expected = load_tokenizer(tmp_path / "tokenizer.json"), load_tokenizer(folder / "tokenizer.json")
    for text in hard_texts():
        assert found.encode(text).ids == expected.encode(text).ids, repr(text)
        assert found.decode(found.encode(text).ids) == expected.decode(expected.encode(text).ids)


@pytest.mark.exhaustive
def test_full_size(tmp_path: Path) -> None:
    """ProX's 0.3B shape: five minutes on two quiet cores and 5 GB of memory."""
    command = [sys.executable, "-m", "tests.make_full_size", str(tmp_path / "full")]
    environment = os.environ | {"ORT_DISABLE_TELEMETRY": "1"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    found = {one.variant: one for one in load_decoder_manifest(tmp_path / "full/model").parity}
    assert found["cpu-fp32"].answers_equal == 1
