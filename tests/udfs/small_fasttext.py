"""A fastText model of two words and two labels, written number by number: dense, softmax, without n-grams."""

import struct
from collections.abc import Sequence
from pathlib import Path

Matrix = Sequence[Sequence[float]]


def write_model(file: Path, words: Sequence[bytes], labels: Sequence[bytes], rows: Matrix, outputs: Matrix) -> Path:
    """A model in the format of fastText 0.9 whose words and labels have these vectors of two dimensions."""
    args = struct.pack("<2i12id", 793712314, 12, 2, 5, 5, 1, 5, 1, 3, 3, 0, 0, 0, 100, 1e-4)
    entries = [(word, 0) for word in words] + [(b"__label__" + label, 1) for label in labels]
    dictionary = struct.pack("<3i2q", len(entries), len(words), len(labels), 10, -1)
    dictionary += b"".join(name + struct.pack("<bqb", 0, 5, kind) for name, kind in entries)
    matrices = [
        struct.pack("<?2q", False, len(matrix), 2) + b"".join(struct.pack("<2f", *row) for row in matrix)
        for matrix in (rows, outputs)
    ]
    file.write_bytes(args + dictionary + b"".join(matrices))
    return file
