"""Export a decoder's checkpoint as a model folder: ONNX graphs, tokenizer, manifest.

    python -m jobs.export_onnx CHECKPOINT_FOLDER OUT_FOLDER --format prox-chunk --language en

A build job: needs the extra `train`, neither Spark nor a network nor a GPU. It reads a local folder with `config.json`,
safetensors and a tokenizer, and refuses in one sentence what it cannot export faithfully. Each graph then answers the
same prompts as transformers does, greedily; the figures go into the manifest, and a float32 graph that answers
otherwise is refused. The folder appears whole or not at all: it is made beside its place and renamed.
"""

import argparse
import shlex
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, get_args

from jobs.export.builder import build, staged
from jobs.export.checkpoint import Checkpoint, read_checkpoint
from jobs.export.parity import GraphUnderTest, parity
from jobs.export.reference import greedy, load_reference, parity_prompts
from jobs.export.refusal import Refused
from jobs.export.tokenizer import Tokenizing, files_of_tokenizer, tokens_of, write_tokenizer
from jobs.runtime.errors import exit_status
from udfs.models.dataman.request import PROMPT_VERSION
from udfs.models.decoder_manifest import VARIANTS, DecoderManifest, Format, Language, Parity, Variant
from udfs.models.manifest import GRAPH_FILE, MANIFEST_FILE, TOKENIZER_FILE, FileFact, file_sha256
from udfs.models.tokens import load_tokenizer
from udfs.programs.prompts import TEMPLATE_VERSION

PROMPT_VERSIONS: dict[Format, str] = {
    "prox-document": TEMPLATE_VERSION,
    "prox-chunk": TEMPLATE_VERSION,
    "dataman": PROMPT_VERSION,
    "other": "",
}
NEEDED = ("torch", "transformers", "onnx", "onnxruntime_genai", "onnxruntime", "tokenizers")
PACKAGES = ("torch", "transformers", "onnx", "onnxruntime-genai", "onnxruntime", "tokenizers")

_CHECKED = "cpu-fp32"
_FEWEST_EQUAL = 0.98  # of the tokens of float32; the rest is for ties that rounding decides
_LONGEST_PROMPT = 200


class Wish(NamedTuple):
    """What to make of a checkpoint."""

    format: Format
    language: Language = "any"
    variants: tuple[str, ...] = ("cpu-int8", "cuda-fp16")
    name: str = ""  # empty: that of the folder
    prompts: int = 32  # that each graph answers for its parity figures
    answer_tokens: int = 24  # most of each answer
    threads: int = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 2 with one sentence on stderr for bad input."""
    options = _parser().parse_args(arguments)
    variants = tuple(name for name in options.variants.split(",") if name)
    wish = Wish(
        options.format, options.language, variants, options.name, options.parity_prompts, threads=options.threads
    )
    return exit_status(lambda: _told(export(options.checkpoint, options.out, wish)), "the export", "train")


def _told(manifest: DecoderManifest) -> None:
    """Print how far each graph agrees with the checkpoint."""
    for one in manifest.parity:
        print(
            f"{one.variant}: {one.tokens_equal:.4f} of {one.tokens:,} tokens and {one.answers_equal:.3f} of "
            f"{one.prompts} answers as {one.reference}"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Export a decoder's checkpoint to ONNX.")
    parser.add_argument("checkpoint", type=Path, help="folder with config.json, safetensors and a tokenizer")
    parser.add_argument("out", type=Path, help="folder of the model, which must not exist yet")
    parser.add_argument(
        "--format", required=True, choices=get_args(Format), help="what the model was trained to answer"
    )
    parser.add_argument("--language", default="any", choices=get_args(Language), help="of the pages it was trained on")
    parser.add_argument("--variants", default="cpu-int8,cuda-fp16", help=f"any of {','.join(VARIANTS)}")
    parser.add_argument("--name", default="", help="name in the manifest; without it that of the folder")
    parser.add_argument("--parity-prompts", type=int, default=32, help="prompts that graph and transformers answer")
    parser.add_argument("--threads", type=int, default=2, help="threads of each run")
    return parser


def export(source: Path, out: Path, wish: Wish) -> DecoderManifest:
    """Export the checkpoint `source` to the new folder `out`. Raises Refused (a ValueError) in one sentence, and
    ModuleNotFoundError where it has to convert a SentencePiece model without the package."""
    _refuse_bad_wish(out, wish)
    checkpoint = read_checkpoint(source, wish.format)
    _refuse_missing_extra()
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as place:
        scratch, made = Path(place), Path(place) / "made"
        made.mkdir()
        write_tokenizer(checkpoint, made / TOKENIZER_FILE)
        tokens = tokens_of(checkpoint, made / TOKENIZER_FILE, wish.format)
        measured = _graphs(checkpoint, made, scratch, tokens, wish)
        manifest = _manifest(checkpoint, made, tokens, measured, wish, out.name)
        (made / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
        made.rename(out)
    return manifest


def _refuse_bad_wish(out: Path, wish: Wish) -> None:
    unknown = [name for name in wish.variants if name not in VARIANTS]
    if unknown or not wish.variants or len(set(wish.variants)) < len(wish.variants):
        raise Refused(f"variants is {','.join(wish.variants)!r}, expected each of {','.join(VARIANTS)} at most once.")
    if wish.prompts < 1 or wish.threads < 1:
        raise Refused("parity prompts and threads have to be 1 or more; correct them.")
    if out.exists() or out.is_symlink():
        raise Refused(f"{out} exists, expected a folder that does not; name another or move it away.")


def _refuse_missing_extra() -> None:
    for module in NEEDED:
        if find_spec(module) is None:
            raise Refused(f"{module} is not installed, the export needs it; install the extra train.")


def _graphs(checkpoint: Checkpoint, made: Path, scratch: Path, tokens: Tokenizing, wish: Wish) -> list[Parity]:
    """Make the graphs of all variants, and measure them. The float32 graph is made in any case, to be checked."""
    tokenizer = made / TOKENIZER_FILE
    prompts, expected = _reference_answers(checkpoint, tokenizer, scratch, tokens, wish)
    measured = []
    for variant in dict.fromkeys((_CHECKED, *wish.variants)):
        folder = (made if variant in wish.variants else scratch / "checked") / variant
        folder.parent.mkdir(exist_ok=True)
        build(checkpoint, tokenizer, variant, folder, scratch)
        cache = (checkpoint.layers, checkpoint.kv_heads, checkpoint.head_size)
        graph = GraphUnderTest(folder / GRAPH_FILE, variant, cache, wish.threads)
        found = [graph.greedy(prompt, tokens.stop, wish.answer_tokens) for prompt in prompts]
        measured.append(parity(variant, f"transformers {version('transformers')} in float32", expected, found))
        if variant == _CHECKED and measured[-1].tokens_equal < _FEWEST_EQUAL:
            raise Refused(
                f"the float32 graph of {checkpoint.folder} gives {measured[-1].tokens_equal:.3f} of the tokens that "
                f"transformers gives, expected {_FEWEST_EQUAL} or more; onnxruntime-genai's builder does not follow "
                "its config.json, so this checkpoint cannot be exported."
            )
    return measured


def _reference_answers(
    checkpoint: Checkpoint, tokenizer: Path, scratch: Path, tokens: Tokenizing, wish: Wish
) -> tuple[list[list[int]], list[list[int]]]:
    """Prompts, and what transformers answers to them. The model is gone from memory afterwards."""
    longest = max(1, min(_LONGEST_PROMPT, checkpoint.context - wish.answer_tokens))
    model = load_reference(staged(checkpoint, tokenizer, scratch / "checkpoint"))
    prompts = parity_prompts(load_tokenizer(tokenizer), tokens.begin, checkpoint.vocabulary, wish.prompts, longest)
    return prompts, [greedy(model, prompt, tokens.stop, wish.answer_tokens) for prompt in prompts]


def _manifest(
    checkpoint: Checkpoint, made: Path, tokens: Tokenizing, measured: Sequence[Parity], wish: Wish, folder_name: str
) -> DecoderManifest:
    files = {path.relative_to(made).as_posix(): path for path in sorted(made.rglob("*")) if path.is_file()}
    source = [*checkpoint.described_by, *checkpoint.weights, *files_of_tokenizer(checkpoint.folder)]
    command = ["python", "-m", "jobs.export_onnx", checkpoint.folder.name, folder_name, "--format", wish.format]
    command += ["--language", wish.language, "--variants", ",".join(wish.variants)]
    variants = {
        name: Variant(graph=f"{name}/{GRAPH_FILE}", precision=VARIANTS[name][0], provider=VARIANTS[name][1])
        for name in wish.variants
    }
    return DecoderManifest(
        name=wish.name or folder_name,
        kind="decoder",
        format=wish.format,
        language=wish.language,
        prompt_version=PROMPT_VERSIONS[wish.format],
        files={
            name: FileFact(sha256=file_sha256(path), size_bytes=path.stat().st_size) for name, path in files.items()
        },
        variants=variants,
        architecture=checkpoint.config.get("model_type", checkpoint.architecture),
        layers=checkpoint.layers,
        kv_heads=checkpoint.kv_heads,
        head_size=checkpoint.head_size,
        vocabulary=checkpoint.vocabulary,
        context=checkpoint.context,
        begin=tokens.begin,
        stop=tokens.stop,
        pad=tokens.pad,
        parity=tuple(measured),
        source_sha256={path.name: file_sha256(path) for path in source},
        command=shlex.join(command),
        versions={name: version(name) for name in PACKAGES},
    )


if __name__ == "__main__":
    sys.exit(main())
