"""Scripts of the world, as far as rules tell them apart."""

import re

# Scripts that put no space between words: Thai, Lao, Tibetan, Myanmar, Khmer, kana, Bopomofo, Han (Unicode 15 blocks).
# Korean is not among them: it separates words.
UNSPACED = re.compile(
    "[\u0e01-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U000323af]"
)
