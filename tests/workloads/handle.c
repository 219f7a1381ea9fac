/* handle HOW MOUNT PATH FLAGS COUNT: opens PATH by its handle, open_by_handle_at(2), COUNT times; the descriptor MOUNT
 * is of its file system. Prints for each what found.h does, or minus the error.
 *
 * HOW: plain; stale, the handle is of no file; nowhere, there is none. */
#include "workload.h"
#include "found.h"

int main(int argc, char **argv)
{
	check(argc == 6, "handle HOW MOUNT PATH FLAGS COUNT");
	struct file_handle *handle = calloc(1, sizeof(*handle) + MAX_HANDLE_SZ);
	int mount;
	long i;

	handle->handle_bytes = MAX_HANDLE_SZ;
	check(!name_to_handle_at(AT_FDCWD, argv[3], handle, &mount, 0), "name_to_handle_at");
	if (!strcmp(argv[1], "stale"))
		memset(handle->f_handle, 0xff, handle->handle_bytes);
	begin();
	for (i = 0; i < number(argv[5]); i++) {
		void *at = strcmp(argv[1], "nowhere") ? (void *)handle : (void *)8;
		long fd = syscall(SYS_open_by_handle_at, (int)number(argv[2]), at, (int)number(argv[4]));

		if (fd < 0) {
			printf("%d\n", -errno);
			continue;
		}
		report(fd);
		close(fd);
	}
	return 0;
}
