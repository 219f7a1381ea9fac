/* Comes before all else in what Cython makes. For the limited API it imports `inspect`, and with that ast, dis and tokenize,
 * to ask for seven flags of code objects, which are the same in every Python since 3.6: 5 ms of the start, and memory. */
#ifndef ONLOOKER_CYTHON_H
#define ONLOOKER_CYTHON_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

/* Source: Include/cpython/code.h */
#define CO_OPTIMIZED 0x0001
#define CO_NEWLOCALS 0x0002
#define CO_VARARGS 0x0004
#define CO_VARKEYWORDS 0x0008
#define CO_GENERATOR 0x0020
#define CO_COROUTINE 0x0080
#define CO_ASYNC_GENERATOR 0x0200

/* Nothing is asked of it then, but it is still imported: any module will do. */
static inline PyObject *import_without_inspect(const char *name)
{
	return PyImport_ImportModule(strcmp(name, "inspect") ? name : "sys");
}
#define PyImport_ImportModule import_without_inspect

#endif
