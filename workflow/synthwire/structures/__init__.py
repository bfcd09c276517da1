"""Random 3D structures: scenes of particles that fall onto one another and come to rest.

settings: what a structure is to be, from a preset and the config. checks: what can be known
impossible before any work starts. distributions: random sizes, counts and angles. shapes: what
particles look like, one a file. deposition: where each comes to rest, and its voxels. scene: one
structure as a labelled volume with its table of particles. shard: many as files. presets: settings
to start from.
"""

import lazy_loader

# Loaded when asked for: who reads settings needs no compiled routines.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "checks": ["check_settings"],
        "scene": ["Scene", "generate_scene"],
        "settings": ["categories", "resolve_settings", "shards"],
        "shard": ["generate_shard"],
    },
)
