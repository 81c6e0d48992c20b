"""ProX's rule of what a document is worth (arXiv 2409.17115, appendix A), on points for teaching and for format."""

_EDU_KEPT = 3
_EDU_DOUBTFUL = 2
_FORMAT_KEPT = 4


def is_kept(edu: int, format_points: int) -> bool:
    """Whether a document stays: with 3 points or more for edu, or with 2 and 4 or more for format.

    The paper leaves out what happens with 2 points for edu and fewer than 4 for format; here, as its rule implies,
    such a document goes.
    """
    return edu >= _EDU_KEPT or (edu == _EDU_DOUBTFUL and format_points >= _FORMAT_KEPT)
