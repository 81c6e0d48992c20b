"""Sign: texts -> MinHash signatures with their band keys, one Arrow crossing and one compiled pass.

Signatures are a table of their own, so that no threshold, keeper policy or earlier batch that changes makes a text be
read again. `udfs/dedup/shingles.py` and `udfs/dedup/minhash.py` define them.
"""

from typing import Annotated

from pydantic import AfterValidator, Field
from pyspark.sql import DataFrame

from jobs.catalog import SIGNATURES
from jobs.documents import only_survivors, short_id
from jobs.runtime.table import MappedRows
from udfs.columns.signatures import sign_texts
from udfs.dedup.minhash import MAX_SEED, Banding, s_curve
from udfs.dedup.shingles import ShingleSettings
from udfs.settings import Section

BandingText = Annotated[str, AfterValidator(lambda text: str(Banding.parse(text)))]


class SignSettings(Section):
    """What a signature is made of."""

    enabled: bool = Field(True, description="without signatures there is no dedup_minhash")
    shingles: ShingleSettings = ShingleSettings()
    banding: BandingText = Field(
        "14x8",
        description="bands x rows: 14x8 finds half of the pairs of similarity 0.69; 9x13 0.83, 20x13 0.77, 93x15 0.72, "
        "14x9 0.72; or others",
    )
    seed: int = Field(1, ge=0, le=MAX_SEED, description="another seed, other permutations")
    keep_shingles: bool = Field(
        False, description="store the hashes of all shingles too, 4 bytes each, which dedup_minhash.verify: exact needs"
    )


def sign(screened: DataFrame, duplicates: DataFrame, settings: SignSettings) -> MappedRows:
    """Texts of `screened` that `duplicates` keeps -> rows of `signatures`, one for each."""
    signer = sign_texts(settings.shingles, settings.banding, settings.seed, settings.keep_shingles, SIGNATURES.schema)
    documents = screened.transform(only_survivors, duplicates)
    return MappedRows(documents.select(short_id(), "batch", "text"), signer, SIGNATURES.schema)


def note(settings: SignSettings) -> str:
    """The S-curve of the banding, for `corpusmill plan`."""
    return s_curve(Banding.parse(settings.banding))


if __name__ == "__main__":
    from jobs.runtime.cli import main_of_stage

    main_of_stage("sign")
