"""A number of things, in words."""


def counted(count: int, one: str, more: str = "") -> str:
    """A number of things.

    >>> counted(1, "file"), counted(2, "process", "processes")
    ('1 file', '2 processes')
    """
    return f"{count} {one if count == 1 else more or one + 's'}"
