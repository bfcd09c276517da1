"""SynthWire: synthetic nanowire images, and instance segmentation learnt from them."""

__version__ = "0.1.0"
