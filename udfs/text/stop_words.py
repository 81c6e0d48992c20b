"""Stop words by language (ISO 639-1, as fastText names them): a text without them is a list, a menu or key words, not
prose.

English is Gopher's list of eight, exactly. The others are short lists of the most frequent function words of each
language, ours."""

from collections.abc import Mapping
from types import MappingProxyType

STOP_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        language: frozenset(words.split())
        for language, words in {
            "en": "the be to of and that have with",
            "de": "der die das und in den von zu mit ist nicht ein eine",
            "fr": "le la les de des et que est dans pour un une",
            "es": "el la los las de que y en con para un una",
            "it": "il la le di che e non per un una con della",
            "nl": "de het een van en in is dat op te met voor",
            "pl": "i w na z do nie to się że jest od za",
            "pt": "o a os de que e do da em para com um",
            "ru": "и в на не с что по как это к за от",
            "sv": "och i att det som en på är av för med till",
        }.items()
    }
)
