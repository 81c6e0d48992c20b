"""Which language a page is asked about in: Chinese for Chinese, English for all others. DataMan has raters for both."""

import re

from pydantic import Field

from udfs.models.dataman.registry import Language
from udfs.settings import Section

_REST = re.compile(r"[-_.@ ].*", re.DOTALL)


class RoutingSettings(Section):
    """How languages of pages become languages of requests."""

    chinese: tuple[str, ...] = Field(
        ("zh", "zho", "chi", "cmn", "yue", "wuu", "hak", "nan", "gan", "hsn", "cjy", "lzh"),
        description="language codes of pages that are asked about in Chinese; what follows a hyphen does not matter",
    )


def request_language(code: str | None, settings: RoutingSettings) -> Language:
    """The language to ask in about a page whose language has this ISO 639 code, with or without script and country
    (`zh-Hans`, `cmn_Hani`); English where there is none."""
    return "zh" if _REST.sub("", (code or "").strip()).lower() in settings.chinese else "en"
