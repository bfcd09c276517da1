"""The bundled model in both its forms, on the processor."""

from synthwire.segmentation.models import Model, find_model, load_model, portable_path

FORMS = ("portable", "pytorch")


def load_form(form: str, threads: int) -> Model:
    """The bundled model as a form of `FORMS`; threads: of PyTorch, the portable takes all cores."""
    path, card = find_model()
    if form == "portable":
        return load_model(portable_path(path))
    import torch  # here: the portable form's time is without it

    from synthwire.learning import predict

    torch.set_num_threads(threads)
    predictor = predict.load(
        path,
        card["architecture"],
        card["prediction"],
        nms_threshold=card["nms_threshold"],
        classes=len(card["categories"]),
    )
    return Model(card["name"], predictor, card)
