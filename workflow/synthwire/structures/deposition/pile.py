"""The pile: a domain that particles are deposited in, one after another."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from synthwire.structures.deposition import resting, voxels
from synthwire.structures.deposition.bodies import Columns, Ground, PackedBodies

RESTS = ("tilted", "leaning", "flat", "flexible", "rolling")


@dataclass(frozen=True)
class Pose:
    """Where a particle came to rest: centre of mass in voxels, angles in radians."""

    x: float
    y: float
    z: float
    azimuth: float
    tilt: float  # of the axis
    roll: float  # about the axis


@dataclass
class Deposited:
    """What a deposited particle left in the volume, one row for each of its labels.

    Attributes
    ----------
    pose: the resting pose.
    voxels: (labels,) voxels set within the domain.
    centre: (labels, 3) their centre of mass x, y, z in voxels.
    footprints: flat pixel indices (y·W + x) that each label covers, as arrays.
    cut: part of it lies outside the domain (or wraps round, with periodic borders).
    touches_border: it covers a pixel of the domain's outermost rows or columns, or is cut.
    """

    pose: Pose
    voxels: np.ndarray
    centre: np.ndarray
    footprints: list[np.ndarray]
    cut: bool
    touches_border: bool


class NoRest(Exception):
    """The particle does not come to rest here: too steep, too high, or hardly in the domain."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


@dataclass
class Pile:
    """A domain that particles are deposited in.

    Parameters
    ----------
    width, depth, height: the domain in voxels along x, y and z.
    dtype: of the labels.
    margin: pixels around the domain in which the pile's height is followed too, so that cut
        particles rest on one another outside as well.
    periodic: particles that leave at one lateral side enter at the opposite one.

    Attributes
    ----------
    labels: (height, depth, width); 0 where it is empty.
    heights: (depth + 2 margin, width + 2 margin) of the pile, voxels.
    top, cover: (depth, width) label of the latest particle, and number of particles.
    """

    width: int
    depth: int
    height: int
    dtype: type = np.uint8
    margin: int = 0
    periodic: bool = False
    labels: np.ndarray = field(init=False)
    heights: np.ndarray = field(init=False)
    top: np.ndarray = field(init=False)
    cover: np.ndarray = field(init=False)
    _columns: Columns = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.periodic:
            self.margin = 0
        self.labels = np.zeros((self.height, self.depth, self.width), dtype=self.dtype)
        self.heights = np.zeros(
            (self.depth + 2 * self.margin, self.width + 2 * self.margin), dtype=np.int16
        )
        self.top = np.zeros((self.depth, self.width), dtype=np.int32)
        self.cover = np.zeros((self.depth, self.width), dtype=np.uint16)
        self._columns = Columns.with_room(0)

    @property
    def _volume(self) -> voxels.Volume:
        return voxels.Volume(self.labels, self.top, self.cover)

    def overlap(self, footprint: np.ndarray, label: int) -> tuple[int, int]:
        """Pixels of a footprint that several particles cover, and those where `label` is on top."""
        return voxels.overlap(self._volume, footprint, label)

    def deposit(
        self,
        bodies: PackedBodies,
        x: float,
        y: float,
        azimuth: float,
        label: int,
        *,
        rest: str = "tilted",
        stiffness: float = math.inf,
        max_tilt: float = math.radians(45),
        min_visible: float = 0.0,
        inside: bool = False,
    ) -> Deposited:
        """Let a particle fall at (x, y) and set its voxels to `label` (and those following).

        `rest` is one of RESTS: tilted, a rigid body on its supports before and behind its centre
        of mass; leaning, on those at its sides too; flat, parallel to the substrate; flexible,
        draped with the given `stiffness` (EI/q, voxels³, see `drape`); rolling, level but rolled
        to the lowest place near by.

        Raises NoRest, leaving the pile as it was, when the particle would lie steeper than
        `max_tilt`, would rise above the domain, shows less than `min_visible` of its footprint
        within the domain, leaves it (`inside`), or is longer than it (periodic borders).
        """
        room = resting.room_for(bodies)
        if room > len(self._columns.row):  # else those of an earlier particle serve again
            self._columns = Columns.with_room(2 * room)
        columns = self._columns
        ground = Ground(self.heights, self.margin, self.periodic)
        fall = (bodies, ground, float(x), float(y), float(azimuth))
        slope = math.tan(max_tilt)
        tilt = roll = 0.0
        if rest in ("tilted", "leaning"):
            tilt, roll, count = resting.settle_rigid(*fall, slope, rest == "leaning", columns)
        elif rest == "flexible":
            tilt, count = resting.settle_flexible(*fall, stiffness, slope, columns)
        elif rest == "rolling":
            x, y, count = resting.settle_rolling(*fall, columns)
        else:
            count = resting.settle_level(*fall, columns)
        if count < 0:
            raise NoRest("steep")
        if count == 0:
            raise NoRest("empty")
        if self.periodic and (
            np.ptp(columns.row[:count]) >= self.depth
            or np.ptp(columns.column[:count]) >= self.width
        ):
            raise NoRest("inside")  # it would run into itself
        z, peak, within, border = voxels.drop(self.periodic, self.width, self.depth, count, columns)
        if inside and within < count:
            raise NoRest("inside")
        if within == 0 or within < min_visible * count:
            raise NoRest("hidden")
        if peak > self.height:
            raise NoRest("height")
        tally = voxels.Tally.of(bodies.label_count, within)
        entries = voxels.set_voxels(
            self._volume,
            ground,
            label,
            bodies.labels,
            count,
            columns,
            tally,
        )
        centre = tally.sums / np.maximum(tally.voxels, 1)[:, None]
        if self.periodic:
            centre[:, :2] %= (self.width, self.depth)
        return Deposited(
            pose=Pose(x, y, z, azimuth, tilt, roll),
            voxels=tally.voxels,
            centre=centre,
            footprints=tally.footprints(entries),
            cut=within < count or (self.periodic and border == 2),
            touches_border=border > 0,
        )
