"""Row `refiner` of students.py: text to programs by a line tagger, text after text as the stage `propose` does it.

    python benchmarks/timing/line_tagger.py [--refiner FOLDER] [--quick]

Alone it prints documents a second on one core, without a peer, and where the time goes.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]  # run by path, from any folder

from screen import texts_of_pages  # noqa: E402 - after the path

from timing import seconds_of  # noqa: E402

SHIPPED = ROOT / "models/refiner-lines-v3"
TEXTS = 200
ROUNDS = 5


def asking(folder: Path) -> Callable[[list[str]], object]:
    """Asks for the programs of texts, one after another: of each document and of its lines."""
    from udfs.programs.asking import Asker, AskSettings
    from udfs.programs.tagging.proposing import LineSettings, load_lines

    ask = Asker(load_lines(folder, LineSettings()), AskSettings(), prompts=False)
    return lambda texts: [ask([text]) for text in texts]


def parts(folder: Path) -> dict[str, Callable[[list[str]], object]]:
    """What a text goes through, each alone."""
    from udfs.programs.tagging.features import shown_lines
    from udfs.programs.tagging.tagger import load_tagger

    tagger = load_tagger(folder, threads=1)
    return {
        "features": lambda texts: [shown_lines(text) for text in texts],
        "features and model": lambda texts: [tagger(text) for text in texts],
        "all": asking(folder),
    }


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--refiner", type=Path, default=SHIPPED, metavar="FOLDER", help="of the line tagger")
    parser.add_argument("--quick", action="store_true", help="fewer texts and rounds")
    options = parser.parse_args()
    texts = [one.text for one in texts_of_pages(TEXTS // 5 if options.quick else TEXTS)]
    mean = sum(len(text.encode()) for text in texts) / max(len(texts), 1)
    print(f"{len(texts)} texts of {mean:,.0f} bytes on average, one thread")
    for name, work in parts(options.refiner).items():
        work(texts)  # the first run compiles
        seconds = min(seconds_of(lambda work=work: work(texts)) for _ in range(2 if options.quick else ROUNDS))
        print(f"{name:<20}{len(texts) / seconds:>9,.1f} documents/s")


if __name__ == "__main__":
    main()
