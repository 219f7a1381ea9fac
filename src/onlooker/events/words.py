"""Parts of phrases that several events share; `onlooker.schema.phrase` is their language."""

RESULT = "{errno?{errno}|ok}"  # of a call, in one word

# what a path was that led to nothing, where it does not say so itself: a relative one, or one in another root
JOINED = "{joined_path!=path? [joined: {joined_path}]}"
# what the file is instead of one with a name
FILE_STATE = "{file_state? [{file_state}]}"

# what a call was given: a path, or the descriptor of the file itself
GIVEN_FILE = "{path?file {path}|{fd?file descriptor {fd}|file {path}}}"
GIVEN = "{real_path? [file: {real_path}]}" + FILE_STATE
GIVEN_NOTES = JOINED + GIVEN

# what a file was opened for, if not only for reading; with O_PATH the kernel ignores all other flags
# (do_dentry_open, fs/open.c)
_APPEND = "{flags~O_APPEND?append}"
ACCESS = (
    "{flags~O_PATH? [path only]|{list:"
    "{flags~O_RDWR?read};"
    "{flags~O_RDWR?write|{flags~O_WRONLY?write}};"
    f"{{flags~O_RDWR?{_APPEND}|{{flags~O_WRONLY?{_APPEND}}}}};"
    "{created?created|{errno?{flags~O_CREAT?create}}};"
    "{created?|{flags~O_TRUNC?truncate}}"
    "}}"
)


def file_note(real: str, path: str = "path") -> str:
    """Which file a path led to, where it does not say so itself."""
    return f"{{{real}@{path}? [file: {{{real}}}]}}"


def joined_pair(between: str) -> str:
    """What the two paths of a call were, both where one of them does not say so itself."""
    first = f"{{joined_path?{{joined_path}}{between}|{{path?{{path}}{between}}}}}"
    both = f" [joined: {first}{{joined_new_path?{{joined_new_path}}|{{new_path}}}}]"
    return f"{{joined_path!=path?{both}|{{joined_new_path!=new_path?{both}}}}}"


def call_phrase(past: str, infinitive: str, what: str, notes: str = JOINED) -> str:
    """What a call on files says after the process: "removed file A"."""
    return f"{{errno?failed to {infinitive} {what}: {{errno}}|{past} {what}}}{notes}"


def call_details(what: str, notes: str = JOINED) -> str:
    """The same for a separate column, beside the event's name and its result."""
    return f"{what}{notes}{{flags?  {{flags:words}}}}"
