"""The tool: a user's images in, their particles out.

An image is read as options.py says (images.py) and seen by a model (models.py) at several sizes
(looks.py), between which the widths of what it finds decide (scale.py, apply.py).
What is found is a result (result.py), which has its files
(result_files.py) and can be compared with outlines (comparison.py). Many images are a batch
(batch.py), each with a place (places.py), perhaps a table of their pixel sizes (size_table.py),
and one summary (summary.py). watch.py takes images
as they come and looks for change points (change_points.py). model_card.py makes the files of the
model that is shipped.
"""

import lazy_loader

# Loaded when asked for: PyTorch, SciPy and Matplotlib take seconds, and --help needs none of them.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "apply": ["scale_for", "segment", "segment_image"],
        "batch": ["Batch", "BatchOptions"],
        "comparison": ["comparison_files"],
        "images": ["GreyImage", "read_images"],
        "models": ["Model", "find_model", "load_model"],
        "options": ["MODALITIES", "THRESHOLD", "Preparation", "Selection", "parse_pixel_size"],
        "result": ["PARTICLE_COLUMNS", "Segmentation"],
        "result_files": ["COMPARISON_FILES", "FILES", "RESULT_FILES", "is_result"],
    },
)
