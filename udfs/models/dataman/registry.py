"""What DataMan's raters call the 14 criteria and 15 domains, in English and Chinese (arXiv 2502.19363, section 3; the
labels are those that the published checkpoints were trained with).

The names of columns and their order are those of `udfs.models.criteria`.
"""

from typing import Literal

from udfs.models.criteria import CRITERIA, DOMAINS

Language = Literal["en", "zh"]

LANGUAGES: tuple[Language, ...] = ("en", "zh")
LETTERS = "ABCDEFGHIJKLMNO"
"""The letter of each domain, in the order of DOMAINS: a model says the letter, never the name."""

SCORE_LOW, SCORE_HIGH = 1, 5

_ENGLISH_CRITERIA = (
    "Accuracy",
    "Coherence",
    "Language Consistency",
    "Semantic Density",
    "Knowledge Novelty",
    "Topic Focus",
    "Creativity",
    "Professionalism",
    "Style Consistency",
    "Grammatical Diversity",
    "Structural Standardization",
    "Originality",
    "Sensitivity",
    "Overall Score",
)
_CHINESE_CRITERIA = (
    "准确性",
    "连贯性",
    "语种一致性",
    "信息含量",
    "知识新颖性",
    "专注度",
    "创意",
    "专业性",
    "风格一致性",
    "语法多样性",
    "结构规范性",
    "内容原创性",
    "敏感度",
    "总评",
)
_ENGLISH_DOMAINS = (
    "Medicine",
    "Finance",
    "Law",
    "Education",
    "Technology",
    "Entertainment",
    "Mathematics",
    "Coding",
    "Government",
    "Culture",
    "Transportation",
    "Retail E-commerce",
    "Telecommunication",
    "Agriculture",
    "Other",
)
_CHINESE_DOMAINS = (
    "医疗",
    "金融",
    "法律",
    "教育",
    "科技",
    "娱乐",
    "数学",
    "代码",
    "政务",
    "文化",
    "交通",
    "零售电商",
    "电信",
    "农业",
    "其他",
)

CRITERION_LABELS: dict[Language, dict[str, str]] = {
    "en": dict(zip(CRITERIA, _ENGLISH_CRITERIA, strict=True)),
    "zh": dict(zip(CRITERIA, _CHINESE_CRITERIA, strict=True)),
}
"""What a request calls each criterion, by its name in CRITERIA and in that order."""

DOMAIN_LABELS: dict[Language, dict[str, str]] = {
    "en": dict(zip(DOMAINS, _ENGLISH_DOMAINS, strict=True)),
    "zh": dict(zip(DOMAINS, _CHINESE_DOMAINS, strict=True)),
}
"""What a request calls each domain, by its name in DOMAINS and in that order."""

DOMAIN_BY_LETTER: dict[str, str] = dict(zip(LETTERS, DOMAINS, strict=True))
