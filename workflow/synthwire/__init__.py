"""SynthWire: synthetic nanowire images, and instance segmentation learnt from them."""

__version__ = "0.1.0"
__all__ = ["Segmentation", "load_model", "segment"]


def __getattr__(name: str):
    # Loaded when asked for: PyTorch takes seconds, and the workflow's planning needs none of it.
    if name in __all__:
        from synthwire import segmentation

        return getattr(segmentation, name)
    raise AttributeError(f"module 'synthwire' has no attribute '{name}'")
