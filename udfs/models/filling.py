"""Templates filled by guesses that are verified, with the answers of one token at a time in few runs.

The whole template is guessed and read behind the prompt in one run. Up to the first guess that is not the model's own
choice everything is as if it had been written token by token; that choice is right too, since all before it is. What
the model said behind it was said after a wrong token, but is the best guess there is for the next run, which reads the
tail alone.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from udfs.models.decoding import Filled, Slot
from udfs.models.graph_runner import GraphRunner, Ids, Output


class Filler:
    """Fills one template after many prompts. Its first guesses follow the answers so far, which saves runs and changes
    no answer."""

    def __init__(self, runner: GraphRunner, template: Sequence[Slot]) -> None:
        self._runner = runner
        self._allowed = [np.array(slot.allowed, np.int64) for slot in template]
        self._seen = [Counter({slot.guess: 1}) for slot in template]

    def fill(self, prompt: Ids) -> Filled:
        """The template after one prompt. Raises what onnxruntime raises."""
        tokens = [seen.most_common(1)[0][0] for seen in self._seen]
        probabilities: list[tuple[float, ...]] = []
        right, passes, free = 0, 0, True
        while right < len(tokens):
            output = self._read(prompt, tokens, right)
            passes += 1
            if not np.isfinite(output.logits).all():
                return Filled((), (), False, passes, "the model gave no finite numbers for the prompt")
            verified = True  # whether the token was said after the right ones
            for place, logits, best in zip(range(right, len(tokens)), output.logits, output.best, strict=True):
                own, odds = _choice(self._allowed[place], logits)
                if verified:
                    right = place + 1
                    free = free and own == best
                    probabilities += [odds] if odds else []
                    verified = own == tokens[place]
                tokens[place] = own
        for seen, token in zip(self._seen, tokens, strict=True):
            seen[token] += 1
        return Filled(tuple(tokens), tuple(probabilities), free, passes)

    def _read(self, prompt: Ids, tokens: list[int], right: int) -> Output:
        """Logits for the tokens from `right` on. The last token of the template is chosen, but never read."""
        ids = np.concatenate([prompt, np.array(tokens[:-1], np.int64)])
        return self._runner.prompt(0, ids, len(tokens) - right)


def _choice(allowed: Ids, logits: np.ndarray[tuple[int], np.dtype[np.float32]]) -> tuple[int, tuple[float, ...]]:
    """The allowed token with the highest logit, and the probabilities of them all; none where there is no choice."""
    if len(allowed) == 1:
        return int(allowed[0]), ()
    of_allowed = logits[allowed].astype(np.float64)
    odds = np.exp(of_allowed - of_allowed.max())
    return int(allowed[of_allowed.argmax()]), tuple((odds / odds.sum()).tolist())
