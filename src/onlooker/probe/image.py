"""The probe's object file, made fit for a kernel that lacks functions which the probe calls where it finds them.

libbpf before 1.3 leaves calls of missing functions in programs as calls of function 0, also where they are never
reached; Linux 5.13 to 5.15 refuse such programs (add_kfunc_call, kernel/bpf/verifier.c).
"""

import struct
from collections.abc import Callable

# elf.h, of 64 bits; the probe's machine is little-endian wherever onlooker runs
SECTION = struct.Struct("<IIQQQQIIQQ")  # name, type, flags, address, offset, size, link, info, alignment, entry size
SYMBOL = struct.Struct("<IBBHQQ")  # name, info, other, section, value, size
RELOCATION = struct.Struct("<QQ")  # offset, info: the symbol in the higher half
SHT_SYMTAB, SHT_REL = 2, 9
SHN_UNDEF = 0
SHF_EXECINSTR = 4

CALL = 0x85  # include/uapi/linux/bpf.h: BPF_JMP | BPF_CALL
NOTHING = struct.pack("<BBhi", 0xB7, 0, 0, 0)  # r0 = 0


def without_missing_calls(image: bytes, is_there: Callable[[str], bool]) -> bytes:
    """The object without the calls of functions that are not `is_there`; each becomes a result of 0.

    What is no such object is given back as it is: libbpf says what is wrong with it.
    """
    try:
        return _without_missing_calls(image, is_there)
    except (struct.error, IndexError, ValueError, OverflowError, StopIteration):
        return image


def _without_missing_calls(image: bytes, is_there: Callable[[str], bool]) -> bytes:
    data = bytearray(image)
    (start,) = struct.unpack_from("<Q", data, 40)
    (count,) = struct.unpack_from("<H", data, 60)
    sections = [SECTION.unpack_from(data, start + i * SECTION.size) for i in range(count)]
    missing = _missing(data, sections, is_there)
    for number, (_, kind, _, _, offset, size, _, target, _, _) in enumerate(sections):
        if kind != SHT_REL or not missing or not sections[target][2] & SHF_EXECINSTR:
            continue
        kept = b""
        for at in range(offset, offset + size, RELOCATION.size):
            where, info = RELOCATION.unpack_from(data, at)
            place = sections[target][4] + where
            if info >> 32 in missing and data[place] == CALL:
                data[place : place + len(NOTHING)] = NOTHING
            else:
                kept += data[at : at + RELOCATION.size]
        data[offset : offset + len(kept)] = kept
        struct.pack_into("<Q", data, start + number * SECTION.size + 32, len(kept))
    return bytes(data)


def _missing(data: bytearray, sections: list[tuple[int, ...]], is_there: Callable[[str], bool]) -> set[int]:
    """The numbers of the symbols that the object wants from the kernel and that are not there."""
    _, _, _, _, offset, size, strings, _, _, _ = next(s for s in sections if s[1] == SHT_SYMTAB)
    wanted = {
        number: name_at
        for number, (name_at, _, _, section, _, _) in enumerate(SYMBOL.iter_unpack(data[offset : offset + size]))
        if section == SHN_UNDEF and name_at
    }
    found = set()
    for number, name_at in wanted.items():
        begin = sections[strings][4] + name_at
        if not is_there(data[begin : data.index(0, begin)].decode("ascii")):
            found.add(number)
    return found
