"""Who is asked for programs: rules, a line tagger, a model's server, or refiners on the executors; what each needs, and
how it is made there."""

from collections.abc import Mapping
from functools import partial
from typing import Literal

from pydantic import Field

from jobs.rate import located
from jobs.recorded_programs import RecordedSettings, check_recorded, local_path
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.stage import key_of
from udfs.columns.refining import Proposing, RefinerSources, ask_endpoint, ask_lines, ask_refiners, ask_rules
from udfs.models.delivery import ModelSource, is_url, source_of
from udfs.models.manifest import ModelError
from udfs.models.running import variant_of
from udfs.programs import line_rules
from udfs.programs.asking import Asker, AskSettings
from udfs.programs.effects import Level
from udfs.programs.endpoint import EndpointSettings, endpoint_proposer
from udfs.programs.prompts import TEMPLATE_VERSION
from udfs.programs.refiners import ModelSettings, check_refiners
from udfs.programs.tagging.proposing import LINES_VERSION, LineSettings
from udfs.programs.tagging.tagger import check_tagger
from udfs.text.lists import list_digest

LEVELS: tuple[Level, ...] = ("document", "chunk")
# Settings of the endpoint, and of refiners beside their digests, that change what they say.
_SAID_BY_ENDPOINT = ("model", "chunk_model", "send", "document_tokens", "chunk_tokens", "logprobs")
_SAID_BY_MODEL = ("constrained", "document_tokens", "chunk_tokens", "grammar", "device")
_SAID_BY_LINES = ("keep", "drop_below", "normalize")
_SAID_BY = {"endpoint": _SAID_BY_ENDPOINT, "model": _SAID_BY_MODEL, "lines": _SAID_BY_LINES}


def _unkeyed(section: str, fields: Mapping[str, object], said_by: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{section}.{name}" for name in fields if name not in said_by)


UNKEYED = (
    *_unkeyed("endpoint", EndpointSettings.model_fields, _SAID_BY_ENDPOINT),
    *_unkeyed("model", ModelSettings.model_fields, _SAID_BY_MODEL),
    *_unkeyed("lines", LineSettings.model_fields, _SAID_BY_LINES),
)


class ProposeSettings(AskSettings):
    """Who is asked for programs, and how."""

    proposer: Literal["off", "rules", "lines", "recorded", "endpoint", "model"] = Field(
        "off",
        description="off: no programs, texts go on as they are; rules, a small model for lines, programs from files, a "
        "model's server, or models on the executors",
    )
    lines: LineSettings = LineSettings()
    recorded: RecordedSettings = RecordedSettings()
    endpoint: EndpointSettings = EndpointSettings()
    model: ModelSettings = ModelSettings()

    @property
    def asks_model(self) -> bool:
        """Whether a model is asked, whose answers are worth keeping."""
        return self.proposer in {"lines", "endpoint", "model"}


def is_on(settings: ProposeSettings) -> bool:
    """Whether anything is asked."""
    return settings.proposer != "off"


def assets_of(settings: ProposeSettings) -> dict[str, str]:
    """Digests of the files and models that programs come from, or are asked for with."""
    if settings.proposer == "model":
        return {level: source.digest for level, source in sources_of(settings.model).items()}
    if settings.proposer == "lines":
        return {"lines": lines_of(settings.lines).digest}
    files = {"recorded": settings.recorded.files, "endpoint": (settings.tokenizer,)}.get(settings.proposer, ())
    try:
        return {path: list_digest(local_path(path)) for path in files}
    except ValueError as error:
        raise CorpusmillError(f"propose: {error}.") from None


def models_of(settings: ProposeSettings) -> list[tuple[str, str]]:
    """(folder, variant) of each refiner."""
    if settings.proposer == "lines":
        return [(lines_of(settings.lines).location, "")]
    if settings.proposer != "model":
        return []
    return [(source.location, variant_of(settings.model.device)) for source in sources_of(settings.model).values()]


def sources_of(settings: ModelSettings) -> RefinerSources:
    """The refiners as they are now, by what they are asked about."""
    return {
        level: source_of(folder if is_url(folder) else local_path(folder), settings.cache_folder)
        for level, folder in settings.folders.items()
    }


def lines_of(settings: LineSettings) -> ModelSource:
    """The line tagger as it is now."""
    return source_of(located(settings.model), settings.run.cache_folder)


def check(settings: ProposeSettings) -> None:
    """Raises CorpusmillError where the proposer lacks something, before Spark starts."""
    if settings.proposer == "recorded":
        check_recorded(settings.recorded)
    try:
        if settings.proposer == "endpoint":
            server = endpoint_proposer(settings.endpoint)
            if not settings.tokenizer:
                raise ValueError("found no tokenizer, expected that of the model; set propose.tokenizer to its file")
            Asker(server, settings, prompts=True)
        if settings.proposer == "lines" and not is_url(settings.lines.model):
            check_tagger(located(settings.lines.model))
        if settings.proposer == "model":
            _check_levels(settings)
            folders = {level: source.location for level, source in sources_of(settings.model).items()}
            check_refiners(settings.model.at(folders), variant_of(settings.model.device))
    except (ValueError, ModelError) as error:
        raise CorpusmillError(f"propose: {error}") from None


def _check_levels(settings: ProposeSettings) -> None:
    wanted = LEVELS if settings.levels == "both" else (settings.levels,)
    missing = [level for level in wanted if level not in settings.model.folders]
    if missing:
        named = ", ".join(settings.model.folders) or "none"
        raise ValueError(
            f"found no model for {' and '.join(missing)}s, expected one for each level that is asked about; set "
            f"propose.model.{missing[0]}_model, or propose.levels to what there is a model for ({named})"
        )


def proposing(settings: ProposeSettings) -> Proposing:
    """What tasks need to ask the proposer of the settings."""
    if settings.proposer == "rules":
        return Proposing(partial(ask_rules, settings), dict.fromkeys(LEVELS, line_rules.RULES_VERSION))
    if settings.proposer == "lines":
        source = lines_of(settings.lines)
        return Proposing(partial(ask_lines, source, settings.lines, settings), dict.fromkeys(LEVELS, source.digest))
    if settings.proposer == "endpoint":
        names = {level: settings.endpoint.model_for(level) for level in LEVELS}
        return Proposing(partial(ask_endpoint, settings.endpoint, settings), names)
    sources = sources_of(settings.model)
    names = {level: sources[level].digest if level in sources else "" for level in LEVELS}
    return Proposing(partial(ask_refiners, sources, settings.model, settings), names)


def digest_of(settings: ProposeSettings) -> str:
    """What a program depends on but the text: two proposers with the same digest are asked the same in the same way."""
    shown = settings.model_dump(exclude={"lines", "recorded", "endpoint", "model", "tokenizer"})
    said_by = _SAID_BY.get(settings.proposer)
    if said_by:
        asked = getattr(settings, settings.proposer).model_dump(include=set(said_by))
        shown |= {settings.proposer: asked}
        shown |= {
            "template": LINES_VERSION if settings.proposer == "lines" else TEMPLATE_VERSION,
            "files": sorted(assets_of(settings).values()),
        }
    return key_of(shown)
