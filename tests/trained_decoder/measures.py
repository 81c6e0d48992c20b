"""What the trained tiny decoder can do on sites and collections that it was not trained on."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.trained_decoder.examples import WINDOW_TOKENS, Page, Rated
from udfs.models.criteria import CRITERIA
from udfs.models.dataman.registry import DOMAIN_BY_LETTER
from udfs.models.rater import Rating
from udfs.programs.chunks import ChunkSettings, chunks, token_costs
from udfs.programs.operations import KeepDocument, RemoveLines
from udfs.programs.parsing import parse
from udfs.programs.prompts import Prompter, PromptSettings
from udfs.programs.proposer import Proposal, Request, chunk_requests

Numbers = NDArray[np.float64]


class Figure(NamedTuple):
    """A measure on unseen rows, and what one and the same answer to all of them reaches."""

    name: str
    value: float
    constant: float
    rows: int


def requests_of(pages: Sequence[Page], tokenizer: Any) -> list[Request]:
    """A request for each chunk of the pages."""
    prompter, measure = Prompter(tokenizer, PromptSettings()), token_costs(tokenizer)
    settings = ChunkSettings(window=WINDOW_TOKENS)
    return [
        one
        for page in pages
        for one in chunk_requests(page.page, page.text, chunks(page.text, measure, settings), prompter)
    ]


def line_figures(pages: Sequence[Page], requests: Sequence[Request], proposals: Sequence[Proposal]) -> Iterator[Figure]:
    """F1 of the lines that stay, and the share of lines that are judged right, among those that were asked about."""
    keep = {page.page: np.array(page.keep) for page in pages}
    wanted = np.concatenate([keep[one.doc_id][one.first_line : one.last_line + 1] for one in requests])
    said = np.concatenate([_stays(one, said) for one, said in zip(requests, proposals, strict=True)])
    nothing = np.ones_like(wanted)
    yield Figure("lines that stay, F1", _f1(said, wanted), _f1(nothing, wanted), len(wanted))
    majority = max(wanted.mean(), 1 - wanted.mean())
    yield Figure("lines, accuracy", float((said == wanted).mean()), float(majority), len(wanted))


def rating_figures(ratings: Sequence[Rated], found: Sequence[Rating | str]) -> Iterator[Figure]:
    """Of ratings that were read: how often scores and domains are right, and how the overall score follows the true
    one."""
    both = zip(ratings, found, strict=True)
    read = [(rated.answer.split("\n"), one) for rated, one in both if isinstance(one, Rating)]
    wanted = np.array([[int(line) for line in lines[1:]] for lines, _ in read])
    said = np.array([one.scores for _, one in read])
    usual = np.array([Counter(column.tolist()).most_common(1)[0][0] for column in wanted.T])
    overall = CRITERIA.index("overall_score")
    expected = np.array([one.expected[overall] for _, one in read])
    yield Figure("scores, exact", float((said == wanted).mean()), float((usual == wanted).mean()), said.size)
    near = np.abs(said - wanted) <= 1, np.abs(usual - wanted) <= 1
    yield Figure("scores, within one", float(near[0].mean()), float(near[1].mean()), said.size)
    yield Figure("overall score, Pearson r", _r(expected, wanted[:, overall]), 0.0, len(read))
    right = [DOMAIN_BY_LETTER[lines[0]] == one.domain for lines, one in read]
    most = Counter(lines[0] for lines, _ in read).most_common(1)[0][1]
    yield Figure("domain, accuracy", float(np.mean(right)), most / len(read), len(read))


def decision_figures(ratings: Sequence[Rated], decisions: Sequence[Proposal]) -> Iterator[Figure]:
    """Document decisions: the share that is right, and the area under the curve of the probability of `keep`."""
    wanted = np.array([rated.keep for rated in ratings])
    keeps = np.array([KeepDocument() in parse(one.program) for one in decisions])
    sure = np.array([one.score or 0.0 for one in decisions])
    majority = max(wanted.mean(), 1 - wanted.mean())
    yield Figure("document decisions, accuracy", float((keeps == wanted).mean()), float(majority), len(wanted))
    area = _area(np.where(keeps, sure, 1 - sure), wanted)
    yield Figure("document decisions, area under the curve", area, 0.5, len(wanted))


def _stays(request: Request, proposal: Proposal) -> NDArray[np.bool_]:
    """Whether each line of the chunk stays by its program."""
    stays = np.ones(request.last_line - request.first_line + 1, bool)
    for call in parse(proposal.program):
        if isinstance(call, RemoveLines):
            stays[max(call.first - request.first_line, 0) : max(call.last - request.first_line + 1, 0)] = False
    return stays


def _f1(said: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> float:
    return float(2 * (said & wanted).sum() / max(said.sum() + wanted.sum(), 1))


def _r(said: Numbers, wanted: Numbers) -> float:
    return float(np.corrcoef(said, wanted)[0, 1])


def _area(said: Numbers, wanted: NDArray[np.bool_]) -> float:
    """How often a text that is kept has a higher score than one that is not; half for equal ones."""
    higher = np.sign(said[wanted][:, None] - said[~wanted][None])
    return float((higher + 1).mean() / 2)
