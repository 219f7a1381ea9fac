"""The C header of the characters that a line may hold as they are: what `str.isprintable` says of each.

It is made from the Unicode tables of the Python that builds onlooker, because the stable ABI does not offer them. Under
a Python with newer ones, what was assigned since is still escaped: that is safe, and the bytes can be got back.
"""

import sys
import unicodedata

CODES = sys.maxunicode + 1
PAGE = 256
WORD = 32


def _words(page: int) -> tuple[int, ...]:
    """The bits of one page, 32 to a word."""
    return tuple(
        sum(chr(start + bit).isprintable() << bit for bit in range(WORD))
        for start in range(page * PAGE, (page + 1) * PAGE, WORD)
    )


def header() -> str:
    """Two tables: which of the different pages a page is, and the bits of those."""
    pages = [_words(page) for page in range(CODES // PAGE)]
    different = {words: number for number, words in enumerate(dict.fromkeys(pages))}
    numbers = ", ".join(str(different[words]) for words in pages)
    bits = ",\n".join("\t{ " + ", ".join(f"{word:#010x}" for word in words) + " }" for words in different)
    ctype = "uint8_t" if len(different) <= PAGE else "uint16_t"
    return (
        "/* Made by tools/printable.py. */\n"
        f'#define UNICODE_VERSION "{unicodedata.unidata_version}"\n\n'
        f"static const {ctype} PRINTABLE_PAGE[] = {{ {numbers} }};\n\n"
        f"static const uint32_t PRINTABLE_BITS[][{PAGE // WORD}] = {{\n{bits}\n}};\n"
    )
