"""What transformers says to some prompts: the reference that the graphs are held against."""

import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jobs.export.builder import OFFLINE
from jobs.export.refusal import Refused

_OLD_BUFFERS = ("rotary_emb.inv_freq", "attn.masked_bias", "attn.bias")  # in old checkpoints; computed, not read
_WORDS = (
    *("page", "the", "of", "and", "line", "Home", "About", "Contact", "Copyright", "All", "rights", "2024", "http://"),
    *("remove_lines(", "start=", "end=", ")", "keep_doc()", "normalize(", "source_str=", "[000]", "[001]", "|", "©"),
    *("1", "2", "3", "4", "5", "A", "B", "C", "\n", "\n\n", ".", ",", "!", "?", "é", "ß", "“", "”", "—"),
    *("数据", "质量", "网页", "内容"),
)


def load_reference(folder: Path) -> Any:
    """The model in float32. Raises Refused where weights are missing or left over: transformers would fill the gaps
    with random numbers and say so in a warning only."""
    os.environ.update(OFFLINE)
    import torch
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    try:
        model, told = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True, trust_remote_code=False, output_loading_info=True
        )
    except (ValueError, RuntimeError, KeyError, TypeError, OSError) as error:
        sentence = " ".join(str(error).split())[:300]
        raise Refused(f"transformers cannot load the checkpoint ({sentence}); restore its files.") from None
    left_over = [name for name in told["unexpected_keys"] if not name.endswith(_OLD_BUFFERS)]
    for kind, names in (("lack", sorted(told["missing_keys"])), ("have an unknown", sorted(left_over))):
        if names:
            raise Refused(
                f"the weights {kind} {names[0]} ({len(names)} in all), which config.json does not account for; "
                "restore config.json and the weights from where the checkpoint comes from."
            )
    return model.eval()


def greedy(model: Any, prompt: Sequence[int], stop: Sequence[int], tokens: int) -> list[int]:
    """The greedy answer to one prompt, without the stop token; `tokens` at most."""
    import torch
    from transformers import GenerationConfig

    # Not the checkpoint's own settings: they may sample, or punish repetition.
    settings = GenerationConfig(
        do_sample=False, max_new_tokens=tokens, eos_token_id=list(stop), pad_token_id=stop[0], use_cache=True
    )
    ids = torch.tensor([list(prompt)])
    model.generation_config = settings
    with torch.no_grad():
        found = model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=settings)
    answer: list[int] = found[0, len(prompt) :].tolist()
    return answer[:-1] if answer and answer[-1] in stop else answer


def parity_prompts(tokenizer: Any, begin: Sequence[int], vocabulary: int, count: int, longest: int) -> list[list[int]]:
    """`count` prompts of 1 to `longest` tokens: pages of made-up lines, and every fourth one random ids, so that rare
    tokens occur too. The same arguments give the same prompts."""
    chance = random.Random(11)  # noqa: S311 - reproducible prompts, no secret
    prompts = []
    for index in range(count):
        room = chance.randrange(1, max(longest, 2))
        if index % 4 == 3:
            ids = chance.choices(range(vocabulary), k=room)
        else:
            text = " ".join(chance.choices(_WORDS, k=room))
            ids = tokenizer.encode(text, add_special_tokens=False).ids
        prompts.append([*begin, *ids][:longest] or [0])
    return prompts
