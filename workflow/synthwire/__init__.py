"""SynthWire: synthetic nanowire images, and instance segmentation learnt from them.

from synthwire import segment
result = segment("wires.tif", pixel_size_nm=6)
result.particles      # pandas table, one row a particle
result.masks          # boolean array (particles, height, width)
result.save("wires")  # overlay, table, COCO, label image and Fiji ROIs
"""

import lazy_loader

from synthwire.version import __version__ as __version__

# Loaded when asked for: PyTorch takes seconds, and the workflow's planning needs none of it.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"segmentation": ["Segmentation", "load_model", "segment"]}
)
