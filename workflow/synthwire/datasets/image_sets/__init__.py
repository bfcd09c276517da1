"""Image sets: the images on which every model is tested, and their outlines.

An image set is one entry of config["image_sets"]. `prepare` writes it as one grey stack with COCO
annotations beside it; where its content comes from is a file each: `published` (the paper's sample
images), `files` (a user's own), `simulated` (our own structures under a virtual microscope, whose
truth is known). `content` is what they all give.
"""

import lazy_loader

# Loaded when asked for: who simulates a page needs nothing to download with.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "prepare": ["prepare_image_set"],
        "published": ["FOLDER_VARIABLE", "published_image", "published_images"],
        "simulated": ["SimulatedPage", "simulate_page"],
    },
)
