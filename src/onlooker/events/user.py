"""Who a user is."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import doc, text, unsigned
from .base import OwnEvent


class User(OwnEvent, frozen=True, gc=False, omit_defaults=True, tag="user"):
    """The names of a user and a group, as this machine had them when events of theirs were seen first.

    Source: getpwuid(3) and getgrgid(3).
    """

    event: ClassVar[str] = "user"
    is_counted: ClassVar[bool] = False
    context: ClassVar[dict[str, tuple[str, ...]]] = {"user": ("user_name", "group_name")}

    uid: Annotated[int, unsigned(32), doc("User id.")]
    gid: Annotated[int, unsigned(32), doc("Group id.")]
    user_name: Annotated[str | None, text(absent=0), doc("Name of the user; absent where it has none.")] = None
    group_name: Annotated[str | None, text(absent=0), doc("Name of the group; absent where it has none.")] = None

    who: ClassVar[str] = "Process onlooker (PID:{own_pid})"
    phrase: ClassVar[str] = "knows user {uid}, group {gid}{list:{user_name};{group_name}}"
    result: ClassVar[str] = ""
    details: ClassVar[str] = (
        "{user_name? [user {user_name}{group_name?, group {group_name}}]|{group_name? [group {group_name}]}}"
    )
    example: ClassVar[dict[str, Any]] = {"user_name": "www-data", "group_name": "www-data"}
