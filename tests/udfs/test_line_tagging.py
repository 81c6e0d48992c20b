"""The proposer `lines` and its model at run time: windows, programs, thresholds, and what goes wrong."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.texts import any_text, real_texts
from udfs.models.line_manifest import Thresholds, load_line_manifest
from udfs.models.manifest import ModelError
from udfs.programs.asking import Asker, AskSettings
from udfs.programs.proposer import document_request, whole_request
from udfs.programs.refining import ExecuteSettings, Written, refine
from udfs.programs.tagging.features import FEATURES
from udfs.programs.tagging.proposing import LineProposer, LineSettings, load_lines
from udfs.programs.tagging.tagger import LineTagger, check_tagger, load_tagger
from udfs.programs.tagging.windows import CONTEXT, WINDOW
from udfs.programs.tagging.words import SHOWN

SHIPPED = Path(__file__).parents[2] / "models/refiner-lines-v3"
THRESHOLDS = Thresholds(safe=0.2, balanced=0.6)
CHARS = FEATURES.index("chars")
PROSE = "The mill stands by the river, and the weir above it has been mended twice since then."


class ByLength:
    """Stands for a session: a line is as likely to stay as it is long, a logit of 0 at e ** 3 - 1 characters."""

    def __init__(self, document: float = 2.0, fails: bool = False) -> None:
        self.runs: list[int] = []
        self.document, self.fails = document, fails

    def run(self, outputs: list[str], inputs: dict[str, Any]) -> list[Any]:
        assert outputs == ["keep", "document"]
        assert inputs["tokens"].dtype == np.int32
        assert inputs["tokens"].shape[1] == SHOWN
        assert inputs["features"].dtype == np.float32
        if self.fails:
            raise RuntimeError("no memory")
        self.runs.append(len(inputs["tokens"]))
        return [10 * (inputs["features"][:, CHARS] - 3), np.array([self.document], np.float32)]


def proposer(session: Any = None, **settings: Any) -> LineProposer:
    tagger = LineTagger(session or ByLength(), np.empty(0, np.uint64), THRESHOLDS)
    return LineProposer(tagger, LineSettings.model_validate(settings))


def programs(text: str, **settings: Any) -> tuple[str, str]:
    document, chunk = proposer(**settings)([document_request("d", text, None), whole_request("d", text)])
    assert (document.finish, chunk.finish) == ("stop", "stop")
    return document.program, chunk.program


def test_short_lines_go_in_runs_with_the_blank_ones_between_them() -> None:
    text = f"Home\n\nAbout\n\n{PROSE}\n\n{PROSE}\nShare\n"
    assert programs(text) == ("keep_doc()", "remove_lines(start=0, end=2)\nremove_lines(start=7, end=8)")
    assert programs(f"{PROSE}\n\n{PROSE}") == ("keep_doc()", "keep_chunk()")


def test_a_chunk_counts_from_its_first_line() -> None:
    request = whole_request("d", f"Home\n{PROSE}")._replace(first_line=40, last_line=41)
    assert proposer()([request])[0].program == "remove_lines(start=40, end=40)"


def test_a_document_goes_where_hardly_a_word_is_left_or_it_is_not_worth_it() -> None:
    assert programs("Home\nAbout us\nShare")[0] == "drop_doc()"
    assert programs("")[0] == "keep_doc()"
    text = f"{PROSE}\n{PROSE}"
    worth = 1 / (1 + np.exp(-2.0))
    (kept,) = proposer(drop_below=worth - 0.01)([document_request("d", text, None)])
    (dropped,) = proposer(drop_below=worth + 0.01)([document_request("d", text, None)])
    assert (kept.program, dropped.program) == ("keep_doc()", "drop_doc()")
    assert kept.score == pytest.approx(worth)
    assert dropped.score == pytest.approx(1 - worth)


def test_the_threshold_is_the_models_own_or_a_number() -> None:
    text = f"twenty characters ..\n{PROSE}"  # a probability of 0.61
    assert programs(text, keep="safe")[1] == "keep_chunk()"
    assert programs(text, keep=0.6)[1] == "keep_chunk()"
    assert programs(text, keep=0.7)[1] == "remove_lines(start=0, end=0)"
    assert programs("nineteen character\n" + PROSE, keep="balanced")[1] == "remove_lines(start=0, end=0)"
    with pytest.raises(ValueError, match="keep"):
        LineSettings.model_validate({"keep": "bold"})
    with pytest.raises(ValueError, match="keep"):
        LineSettings.model_validate({"keep": 1.5})


def test_rubbish_is_replaced_in_lines_that_stay_only() -> None:
    text = f"Share [edit]\n{PROSE} [citation needed]"
    said = programs(text)[1].split("\n")
    assert said == ["remove_lines(start=0, end=0)", 'normalize(source_str=" [citation needed]", target_str="")']
    assert programs(text, normalize=False)[1] == "remove_lines(start=0, end=0)"


def test_a_text_is_read_once_for_both_questions() -> None:
    session = ByLength()
    ask = Asker(proposer(session), AskSettings(), prompts=False)
    texts = [PROSE, f"Home\n{PROSE}", PROSE]
    found = ask(texts)
    assert len(session.runs) == 2
    assert [[one.level for one in answers] for answers in found] == [["document", "chunk"]] * 3
    assert found[0] == found[2]
    ask(["Another text that is about something else."])
    ask([PROSE])
    assert len(session.runs) == 4  # nothing is kept for longer


def test_a_long_text_goes_through_in_windows_and_each_line_is_decided_once() -> None:
    session = ByLength()
    lines = [PROSE if n % 3 else "Home" for n in range(3 * WINDOW)]
    tags = LineTagger(session, np.empty(0, np.uint64), THRESHOLDS)("\n".join(lines))
    assert session.runs == [WINDOW + CONTEXT, WINDOW + 2 * CONTEXT, WINDOW + CONTEXT]
    assert (tags.keep > 0.5).tolist() == [n % 3 > 0 for n in range(3 * WINDOW)]
    assert tags.document == pytest.approx(1 / (1 + np.exp(-2.0)))


def test_what_fails_on_a_text_is_its_own_error() -> None:
    found = proposer(ByLength(fails=True))([document_request("d", PROSE, None)])
    assert found[0].error == "the model failed on the text (RuntimeError)"
    assert (found[0].program, found[0].finish) == ("", "error")


@given(st.lists(any_text, max_size=3))
def test_every_program_is_executed_without_an_error(texts: list[str]) -> None:
    ask = Asker(proposer(), AskSettings(), prompts=False)
    for text, answers in zip(texts, ask(texts), strict=True):
        written = [Written(one.level, one.first_line, one.last_line, one.program) for one in answers]
        done = refine(text, written, ExecuteSettings())
        assert (done.errors, done.voided, done.rejected_calls) == (0, 0, {})


# --- the shipped model


@pytest.fixture(scope="module")
def shipped() -> LineTagger:
    if not (SHIPPED / "model.onnx").is_file():
        pytest.skip("the shipped model is not here")
    pytest.importorskip("onnxruntime")
    return load_tagger(SHIPPED, threads=1)


MENU = "Skip to content\nHome\nProducts\nAbout us\nContact\nSign in"
FOOTER = "Share this\nFacebook\nTwitter\nRelated posts\nPrivacy policy\nCopyright 2024 Mill Ltd. All rights reserved."
STORY = [
    "The water mill of the upper valley was built in 1802 by two brothers who had come from the coast, and it has been "
    "turning ever since, but for three winters when the weir was under repair.",
    "Visitors can see how grain is cleaned, ground and sifted, and the miller explains what has changed since his "
    "grandfather's days. The stones are dressed twice a year, by hand.",
    "In spring the river is high and all three wheels turn at once, which can be heard as far as the village. The "
    "trust that runs the mill has planted willows along the bank.",
]


def test_the_shipped_model_keeps_a_story_and_removes_what_is_around_it(shipped: LineTagger) -> None:
    text = "\n".join([MENU, "", *STORY, "", FOOTER])
    tags = shipped(text)
    lines = text.split("\n")
    said = {lines[number]: keep for number, keep in zip(tags.numbers.tolist(), tags.keep.tolist(), strict=True)}
    assert min(said[line] for line in STORY) > 0.75
    assert max(said[line] for line in (*MENU.split("\n"), *FOOTER.split("\n"))) < shipped.thresholds.balanced
    assert said["Facebook"] < shipped.thresholds.safe


def test_what_is_said_of_a_text_does_not_depend_on_others(shipped: LineTagger) -> None:
    texts = [text for _, text in real_texts(40)]
    alone = [LineTagger(shipped._session, shipped._words, shipped.thresholds)(text).keep for text in texts]
    ask = Asker(LineProposer(shipped, LineSettings()), AskSettings(), prompts=False)
    for text, keep in zip(reversed(texts), reversed(alone), strict=True):
        assert np.array_equal(shipped(text).keep, keep)
    assert ask(texts) == [ask([text])[0] for text in texts]


def test_a_folder_that_is_another_model_is_refused(shipped: LineTagger, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(SHIPPED, folder)
    assert check_tagger(folder) == load_line_manifest(SHIPPED)
    manifest = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(manifest.replace('"chars"', '"characters"'))
    with pytest.raises(ModelError, match="shown other things of lines"):
        check_tagger(folder)
    (folder / "manifest.json").write_text(manifest.replace('"refiner"', '"rater"'))
    with pytest.raises(ModelError, match="name the folder of a line tagger"):
        check_tagger(folder)
    (folder / "manifest.json").write_text(manifest)
    (folder / "words.bin").write_bytes(b"12345678")
    with pytest.raises(ModelError, match="the manifest expects"):
        check_tagger(folder)
    with pytest.raises(ModelError, match="cannot be read"):
        load_lines(tmp_path, LineSettings())
