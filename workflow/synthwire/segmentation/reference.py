"""The outlines that the images of a batch are compared with: whose they are, what is wrong there.

What is wrong with outlines never costs an image its segmentation: it is said, and the comparison
is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from synthwire.errors import InputError
from synthwire.io.outlines.pairing import Fault
from synthwire.io.outlines.reading import read_outlines
from synthwire.io.outlines.sources import Claim, OutlineSource


@dataclass(frozen=True)
class Reference:
    """What there is to compare the pages of one file with.

    annotations: COCO annotations, image_id the page counted from 1; None where there are none.
    remarks: what was repaired or left out, a line each. fault: why there are none although there
    should be.
    """

    annotations: list[dict] | None = None
    remarks: tuple[str, ...] = ()
    fault: str | None = None


class References:
    """The outlines of a batch.

    path: a folder, an archive or a file; images: all files of the batch; classes: as
    `read_outlines` takes them.
    """

    def __init__(self, path: Path, images: Sequence[Path], classes: Sequence[str]) -> None:
        self.path = path
        self._source = OutlineSource(path, images)
        self._classes = classes

    @cached_property
    def _claims(self) -> dict[str, Claim | Fault | None] | Fault:
        try:
            return self._source.claims
        except (InputError, OSError) as error:
            return Fault(str(error))

    def _claim_of(self, image: Path) -> Claim | Fault | None:
        claims = self._claims
        return claims if isinstance(claims, Fault) else claims[str(image)]

    def fingerprint(self, image: Path) -> str | None:
        """What changes when the outlines of an image do; None where it has none."""
        claim = self._claim_of(image)
        if claim is None:
            return None
        return claim.fingerprint if isinstance(claim, Claim) else str(claim)

    def read(self, image: Path, pages: int, shape: tuple[int, int]) -> Reference:
        """The outlines of a file's pages, whose height and width are `shape`."""
        claim = self._claim_of(image)
        if claim is None:
            return Reference()
        if isinstance(claim, Fault):
            return Reference(fault=str(claim))
        names = [claim.name or str(image)] * pages
        try:
            found = read_outlines(
                claim.file, names, shape, classes=self._classes, beside=claim.beside
            )
        except (InputError, OSError) as error:
            return Reference(fault=str(error))
        return Reference(found.annotations, tuple(found.remarks))

    def missing(self, images: Sequence[Path]) -> list[str]:
        """The names of those images that have none."""
        return [image.name for image in images if self._claim_of(image) is None]

    @property
    def there(self) -> list[str]:
        """The names that could have been an image's."""
        try:
            return self._source.there
        except (InputError, OSError):
            return []
