"""What a rater says about a text: 14 criteria and 15 domains, in the order of DataMan (arXiv 2502.19363, section 3),
plus edu and format.

The names are fixed here and nowhere else; tables, settings and manifests use them. `sensitivity` is high for safe
texts, and `originality` means little repetition inside the text, as DataMan defines them.
"""

CRITERIA = (
    "accuracy",
    "coherence",
    "language_consistency",
    "semantic_density",
    "knowledge_novelty",
    "topic_focus",
    "creativity",
    "professionalism",
    "style_consistency",
    "grammatical_diversity",
    "structural_standardization",
    "originality",
    "sensitivity",
    "overall_score",
)
"""Names of the 14 criteria; each is scored 1 (very poor) to 5 (very good)."""

EXTRA_SCORES = ("edu", "format")
"""Two more scores, each 0 to 5: educational value, and how clean the extraction is."""

DOMAINS = (
    "medicine",
    "finance",
    "law",
    "education",
    "technology",
    "entertainment",
    "mathematics",
    "coding",
    "government",
    "culture",
    "transportation",
    "retail_e_commerce",
    "telecommunication",
    "agriculture",
    "other",
)
"""Names of the 15 domains, fit for a partition value; DataMan's letters A to O are their positions."""
