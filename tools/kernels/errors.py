"""What can be wrong before a test has run."""


class SetupError(Exception):
    """One line that says what; `hint` is what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint
