"""The one error that users are meant to see."""


class InputError(ValueError):
    """Something that the user gave is wrong; the message is one line that says what and where.

    Scripts and the Snakefile print the message alone and exit with 1. Any other exception is a
    bug of this project and keeps its traceback.
    """

    def __init__(self, message: str):
        super().__init__(" ".join(str(message).split()))
