"""What is said alike of every file that an event names."""

# on the wire by their number, from 1; absent for a file that has a name in a directory, as most have
FILE_STATES = ("deleted", "tmpfile", "memfd", "pseudo", "detached")

FILE_STATE_DOC = (
    "Why the path does not lead to the file: deleted, tmpfile (made with O_TMPFILE, never had a name), memfd, "
    "pseudo (a pipe, a namespace, ...), detached (its mount hangs nowhere, or is out of reach). Else absent."
)
