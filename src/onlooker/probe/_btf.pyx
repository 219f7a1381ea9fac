# cython: language_level=3, binding=False
"""The kernel's type information, read by libbpf. `data` is the whole of it: bytes, or a file that is mapped."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.errno cimport errno
from libc.stdint cimport uint32_t
from libc.string cimport strcmp, strlen, strncmp

import os


cdef extern from "bpf/btf.h":
    struct btf
    struct btf_type:
        uint32_t name_off
        uint32_t type
    struct btf_member:
        uint32_t name_off
        uint32_t type
    struct btf_param:
        uint32_t type
    btf *btf__new(const void *data, uint32_t size)
    void btf__free(btf *)
    uint32_t btf__type_cnt(const btf *)
    const btf_type *btf__type_by_id(const btf *, uint32_t)
    int btf__find_by_name_kind(const btf *, const char *, uint32_t)
    const char *btf__name_by_offset(const btf *, uint32_t)
    unsigned short btf_vlen(const btf_type *)
    bint btf_is_typedef(const btf_type *)
    bint btf_is_ptr(const btf_type *)
    bint btf_is_func_proto(const btf_type *)
    bint btf_is_composite(const btf_type *)
    btf_member *btf_members(const btf_type *)
    btf_param *btf_params(const btf_type *)


cdef extern from "linux/btf.h":
    int BTF_KIND_STRUCT
    int BTF_KIND_FUNC


cdef btf *types_of(data) except NULL:
    cdef Py_buffer view
    cdef btf *types
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    types = btf__new(view.buf, view.len)
    PyBuffer_Release(&view)
    if types == NULL:
        raise OSError(errno, os.strerror(errno), "type information")
    return types


def tracepoints(data):
    """The tracepoints, each with the number of arguments of its prototype.

    `typedef void (*btf_trace_NAME)(void *__data, ARGUMENTS)`: include/trace/bpf_probe.h.
    """
    cdef btf *types = types_of(data)
    cdef const btf_type *found
    cdef const char *name
    cdef uint32_t i
    result = {}
    for i in range(1, btf__type_cnt(types)):
        found = btf__type_by_id(types, i)
        if not btf_is_typedef(found):
            continue
        name = btf__name_by_offset(types, found.name_off)
        if strncmp(name, b"btf_trace_", 10):
            continue
        found = btf__type_by_id(types, found.type)
        if found != NULL and btf_is_ptr(found):
            found = btf__type_by_id(types, found.type)
            if found != NULL and btf_is_func_proto(found):
                result[name[10:strlen(name)].decode("utf-8", "replace")] = btf_vlen(found) - 1
    btf__free(types)
    return result


def parameters(data, str function):
    """The types of a function's parameters, each by its name, such as "int", and
    with a * after it for a pointer; None if there is no such function.
    """
    cdef btf *types = types_of(data)
    cdef int id = btf__find_by_name_kind(types, function.encode(), BTF_KIND_FUNC)
    cdef const btf_type *found = btf__type_by_id(types, id) if id > 0 else NULL
    cdef int i
    result = None
    if found != NULL:
        found = btf__type_by_id(types, found.type)
        result = tuple([name_of_type(types, btf_params(found)[i].type) for i in range(btf_vlen(found))])
    btf__free(types)
    return result


cdef str name_of_type(btf *types, uint32_t id):
    cdef const btf_type *found = btf__type_by_id(types, id)
    if btf_is_ptr(found):
        return name_of_type(types, found.type) + "*"
    return btf__name_by_offset(types, found.name_off).decode("utf-8", "replace")


def has_member(data, str struct, str member):
    """Whether a struct has that member; "a.b" is b in its member a."""
    cdef btf *types = types_of(data)
    cdef int id = btf__find_by_name_kind(types, struct.encode(), BTF_KIND_STRUCT)
    for name in member.encode().split(b"."):
        id = type_of_member(types, id, name, 8)
    btf__free(types)
    return id > 0


cdef int type_of_member(btf *types, int id, bytes name, int depth):
    """The type of the member of that name, also of a struct or union without a name; 0 if there is none."""
    cdef const btf_type *found = btf__type_by_id(types, id) if id > 0 and depth else NULL
    cdef btf_member *member
    cdef const char *own
    cdef int i, inner
    if found == NULL or not btf_is_composite(found):
        return 0
    for i in range(btf_vlen(found)):
        member = &btf_members(found)[i]
        own = btf__name_by_offset(types, member.name_off)
        if not strcmp(own, name):
            return member.type
        inner = 0 if own[0] else type_of_member(types, member.type, name, depth - 1)
        if inner:
            return inner
    return 0
