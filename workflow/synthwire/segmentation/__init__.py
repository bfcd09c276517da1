"""The tool: a user's images in, their particles out."""

import lazy_loader

# Loaded when asked for: PyTorch, SciPy and Matplotlib take seconds, and --help needs none of them.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "apply": ["scale_for", "segment", "segment_image"],
        "images": ["GreyImage", "read_images"],
        "models": ["Model", "find_model", "load_model"],
        "options": ["MODALITIES", "THRESHOLD", "Preparation", "Selection", "parse_pixel_size"],
        "result": [
            "COMPARISON_FILES",
            "FILES",
            "PARTICLE_COLUMNS",
            "RESULT_FILES",
            "Masks",
            "Segmentation",
            "comparison_files",
            "is_result",
        ],
    },
)
