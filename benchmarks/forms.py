"""The bundled model in both its forms, on the processor."""

from synthwire.segmentation.models import Model, find_model, load_model, portable_path, with_pytorch

FORMS = ("portable", "pytorch")


def load_form(form: str, threads: int) -> Model:
    """The bundled model as a form of `FORMS`; threads: of PyTorch, the portable takes all cores."""
    path, card = find_model()
    if form == "portable":
        return load_model(portable_path(path))
    import torch  # here: the portable form's time is without it

    torch.set_num_threads(threads)
    return with_pytorch(path, card, "cpu")
