"""Depositing particles: each falls onto the pile below it, comes to rest, and is voxelised.

A particle is traced as vertical columns: over each pixel that it covers, the heights lo and hi
between which it lies. The pile needs only its height over each pixel, since what falls from above
meets only the top. From both follow the resting pose (`resting`) and the voxels (`voxels`), which
are set on top of the pile's and so can never belong to two particles.

Coordinates: x to the right, y downwards as in the image, z upwards from the substrate, in voxels.
Pixel (column i, row j) covers [i, i+1] × [j, j+1] and belongs to a particle when its centre does;
over it the particle has as many voxels as it is thick there, rounded, but at least one. Azimuth is
counted from the x axis, counter-clockwise as seen in the image.
"""

from synthwire.structures.deposition.bodies import PackedBodies, pack_bodies
from synthwire.structures.deposition.pile import RESTS, Deposited, NoRest, Pile, Pose
from synthwire.structures.deposition.resting import drape, stable_plane, stable_slope

__all__ = [
    "RESTS",
    "Deposited",
    "NoRest",
    "PackedBodies",
    "Pile",
    "Pose",
    "drape",
    "pack_bodies",
    "stable_plane",
    "stable_slope",
]
