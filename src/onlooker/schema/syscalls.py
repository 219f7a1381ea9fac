"""A system call: its numbers, and its function in the kernel."""

import msgspec


class Syscall(msgspec.Struct, frozen=True):
    """One call by its name, with its number for native and 32-bit programs of both machines; None: there is none.

    `kernel_name`: what it is called in the kernel (SYSCALL_DEFINE), in its function and its tracepoint, where that is
    not its name. `x32`: the number of x32 programs, where it is not the native one. `compat_function`: what the
    function for 32-bit programs is called without its `__ia32_` or `__arm64_`, where it is not `sys_NAME`;
    `i386_function`, where that is not the same for both. `since`: the version of Linux, where it is newer than 5.10.
    `told_as`: the event to which the call belongs in the probe's table, where two events share it.

    Sources of the numbers: arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl,
    include/uapi/asm-generic/unistd.h, arch/arm/tools/syscall.tbl. Of the functions: COMPAT_SYSCALL_DEFINE.
    """

    name: str
    x86_64: int | None = None
    i386: int | None = None
    aarch64: int | None = None
    arm: int | None = None
    kernel_name: str = ""
    x32: int | None = None
    compat_function: str = ""
    i386_function: str = ""
    since: str = ""
    told_as: str = ""

    def number(self, machine: str, *, compat: bool) -> int | None:
        """Its number for programs of a machine, native or 32-bit ones. Raises KeyError for an unknown machine."""
        return {"x86_64": (self.x86_64, self.i386), "aarch64": (self.aarch64, self.arm)}[machine][compat]

    def function(self, machine: str, *, compat: bool) -> str:
        """The kernel's function. arch/x86/include/asm/syscall_wrapper.h, arch/arm64/include/asm/syscall_wrapper.h"""
        own = ((machine == "x86_64" and self.i386_function) or self.compat_function) if compat else ""
        before = {"x86_64": "ia32" if compat else "x64", "aarch64": "arm64"}[machine]
        return f"__{before}_{own or f'sys_{self.kernel_name or self.name}'}"


def names(calls: tuple[Syscall, ...]) -> tuple[str, ...]:
    """Their names, in their order."""
    return tuple(call.name for call in calls)
