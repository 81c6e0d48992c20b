"""The models under evaluation, behind the seams of the pipeline: a rater of texts, a refiner of pages.

Any folder that the stage `rate` takes is a rater; rules, or the folders of decoders for documents and for chunks, are a
refiner. Each text is given to the rater once, however many files it is in.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from jobs.evaluation.pages import Refine
from jobs.evaluation.truth import Text
from udfs.models.decoder_manifest import load_decoder_manifest
from udfs.models.manifest import MANIFEST_FILE, file_sha256
from udfs.models.rater import Rating
from udfs.models.raters import RateTexts, check_rater, kind_of, open_rater
from udfs.models.running import ModelRun, variant_of
from udfs.programs.asking import Answer, Asker, AskSettings, Levels
from udfs.programs.effects import Level
from udfs.programs.line_rules import rules_proposer
from udfs.programs.proposer import Proposer
from udfs.programs.refiners import RefinerSettings, load_refiners, tokenizer_file
from udfs.programs.refining import ExecuteSettings, Refined, Written, refine
from udfs.programs.tagging.proposing import LineProposer, LineSettings, threshold_of
from udfs.programs.tagging.tagger import load_tagger

RULES = "rules"
SHIPPED = Path(__file__).parents[2] / "models"
_LEVELS: dict[str, Level] = {
    "prox-document": "document",
    "prox-chunk": "chunk",
    "document": "document",
    "chunk": "chunk",
}
_AT_ONCE = 64  # texts given to a rater together, between two words about how far it is

Say = Callable[[str], None]
"""Takes a line about how far the work is."""


class Refiner(NamedTuple):
    """A refiner, and what it can be asked about."""

    ask: Callable[[Levels], Asker]
    levels: tuple[Level, ...]
    threshold: str = ""  # what of a line tagger's lines stays, in words

    def refine(self, level: Level) -> Refine:
        """What is left of texts if it is asked about documents only, or about their chunks only."""
        asker = self.ask(level)
        return lambda texts: [_refined(text, answers) for text, answers in zip(texts, asker(texts), strict=True)]


def located(model: str) -> str:
    """Where a model lies: a name without a slash is one of the shipped ones, unless there is a folder of that name."""
    return str(SHIPPED / model if "/" not in model and not Path(model).is_dir() else Path(model).expanduser())


def trained_on(files: Sequence[Path], models: Sequence[str]) -> list[Path]:
    """Those of the files whose digests stand in the manifests of the models, named as `--rater` and `--refiner` do."""
    bare = [name.rpartition("=")[2] for name in models]
    folders = [Path(located(name.rpartition("@")[0] or name)) for name in bare]
    said = [path.read_text("utf-8") for folder in folders if (path := folder / MANIFEST_FILE).is_file()]
    return [file for file in files if any(file_sha256(file) in text for text in said)]


def load_judge(model: str, threads: int) -> RateTexts:
    """The rater of a folder. Raises ModelError."""
    run = ModelRun(threads=threads)
    check_rater(located(model), run)
    return open_rater(located(model), run)


def rated(rate: RateTexts, texts: Iterable[Text], say: Say) -> dict[tuple[str, str], Rating | str]:
    """What the rater says to each text in its language (`key_of`), longest texts last."""
    wanted = sorted(dict.fromkeys(map(key_of, texts)), key=lambda key: (len(key[0]), key))
    found: dict[tuple[str, str], Rating | str] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        answers = rate([text for text, _ in some], [lang or None for _, lang in some])
        found.update(zip(some, answers, strict=True))
        say(f"rated {len(found):,} of {len(wanted):,} texts")
    return found


def key_of(text: Text) -> tuple[str, str]:
    """What a rating depends on."""
    return text.text, text.lang


def load_refiner(names: Sequence[str], threads: int) -> Refiner:
    """`rules`, a line tagger, or the refiner that one folder, or one for documents and one for chunks, make together;
    `chunk=FOLDER` says what a model is for whose manifest does not, `FOLDER@safe` or `FOLDER@0.4` from which
    probability on a line tagger's lines stay; without it, from its balanced one on. Raises ModelError or ValueError in
    one sentence."""
    if list(names) == [RULES]:
        return Refiner(lambda levels: _asker(rules_proposer(), levels), ("document", "chunk"))
    lines = _line_tagger(names, threads)
    if lines:
        return lines
    settings = RefinerSettings().at(_by_level(names))
    proposer = load_refiners(settings, variant_of("cpu"), threads)
    tokenizer = str(tokenizer_file(settings))
    return Refiner(lambda levels: _asker(proposer, levels, tokenizer), tuple(settings.folders))


def _line_tagger(names: Sequence[str], threads: int) -> Refiner | None:
    """The line tagger that is named alone, if one is."""
    folder, _, keep = names[0].rpartition("@") if "@" in names[0] else (names[0], "", "")
    if len(names) != 1 or "=" in folder or kind_of(located(folder)) != "refiner":
        return None
    said: str | float = keep or "balanced"
    with suppress(ValueError):
        said = float(keep)
    try:
        settings = LineSettings.model_validate({"keep": said, "threads": threads})
    except ValidationError:
        raise ValueError(
            f"{names[0]} says {keep} of lines, expected safe, balanced or a probability; correct what follows the @."
        ) from None
    tagger = load_tagger(located(folder), threads)
    lines = LineProposer(tagger, settings)
    threshold = f"lines stay from a probability of {threshold_of(tagger, settings):g} on"
    threshold += f", {settings.keep}" if isinstance(settings.keep, str) else ""
    return Refiner(lambda levels: _asker(lines, levels), ("document", "chunk"), threshold)


def _by_level(names: Sequence[str]) -> dict[Level, str]:
    found: dict[Level, str] = {}
    for name in names:
        said, _, folder = name.rpartition("=")
        level = _LEVELS.get(said or _format(located(folder)))
        if level is None or level in found:
            raise ValueError(
                f"{name} is no refiner or a second one of its kind, expected {RULES}, or a folder for documents, one "
                "for chunks, or both; name them, as document=FOLDER where the manifest does not say what it is for."
            )
        found[level] = located(folder)
    return found


def _format(folder: str) -> str:
    return load_decoder_manifest(folder).format if kind_of(folder) == "decoder" else ""


def _asker(proposer: Proposer, levels: Levels, tokenizer: str = "") -> Asker:
    return Asker(proposer, AskSettings(levels=levels, tokenizer=tokenizer), prompts=bool(tokenizer))


def _refined(text: str, answers: Sequence[Answer]) -> Refined:
    """As the stage `execute` does it, with its defaults."""
    written = [Written(*(getattr(answer, name) for name in Written._fields)) for answer in answers]
    return refine(text, written, ExecuteSettings())
