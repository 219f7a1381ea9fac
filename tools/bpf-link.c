/* bpf-link OUTPUT INPUT: the object without DWARF, of which the kernel and libbpf read nothing, as `bpftool gen object`
 * makes it; .BTF and .BTF.ext stay. It is here because libbpf is needed anyway, and bpftool and llvm-strip are not. */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct bpf_linker *linker;
	int error;

	if (argc != 3) {
		fprintf(stderr, "usage: bpf-link OUTPUT INPUT\n");
		return 2;
	}
	linker = bpf_linker__new(argv[1], NULL);
	error = linker ? bpf_linker__add_file(linker, argv[2], NULL) : -1;
	error = error ? error : bpf_linker__finalize(linker);
	bpf_linker__free(linker);
	if (error)
		fprintf(stderr, "%s: libbpf can't link it: %s\n", argv[2], strerror(-error));
	return error != 0;
}
