/* long_names LENGTH COUNT: opens a file COUNT times whose name and whose directory's have LENGTH bytes: in a file system
 * of its own, served by a child through /dev/fuse, which takes longer names than others; in a mount namespace of its own.
 * Prints errno of the last open, or 0. */
#include "workload.h"
#include <linux/fuse.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static struct fuse_attr attributes(uint64_t node)
{
	/* the root, its directory, and the file in it */
	return (struct fuse_attr){ .ino = node, .mode = node < 3 ? S_IFDIR | 0755 : S_IFREG | 0644, .nlink = 1 };
}

static void answer(int device, const struct fuse_in_header *request, int error, const void *text, size_t length)
{
	char reply[sizeof(struct fuse_out_header) + 256];
	struct fuse_out_header header = { sizeof(header) + length, error, request->unique };

	memcpy(reply, &header, sizeof(header));
	memcpy(reply + sizeof(header), text, length);
	if (write(device, reply, header.len) < 0) /* ENOENT: the request was interrupted */
		check(errno == ENOENT, "write");
}

static void serve(int device)
{
	static char buffer[1 << 20];
	const struct fuse_in_header *request = (void *)buffer;

	while (read(device, buffer, sizeof(buffer)) > 0) {
		struct fuse_init_out init = { .major = 7, .minor = 31, .max_write = 4096 };
		struct fuse_entry_out entry = { .nodeid = request->nodeid + 1, .entry_valid = 60, .attr_valid = 60 };
		struct fuse_attr_out of_node = { .attr_valid = 60, .attr = attributes(request->nodeid) };
		struct fuse_open_out opened = { .fh = 1 };

		entry.attr = attributes(entry.nodeid);
		switch (request->opcode) {
		case FUSE_INIT:
			answer(device, request, 0, &init, sizeof(init));
			break;
		case FUSE_LOOKUP:
			answer(device, request, 0, &entry, sizeof(entry));
			break;
		case FUSE_GETATTR:
			answer(device, request, 0, &of_node, sizeof(of_node));
			break;
		case FUSE_OPEN:
			answer(device, request, 0, &opened, sizeof(opened));
			break;
		case FUSE_FLUSH:
		case FUSE_RELEASE:
			answer(device, request, 0, "", 0);
			break;
		case FUSE_FORGET:
		case FUSE_BATCH_FORGET:
			break;
		default:
			answer(device, request, -ENOSYS, "", 0);
		}
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	check(argc == 3, "long_names LENGTH COUNT");
	int length = number(argv[1]), device = open("/dev/fuse", O_RDWR), error = 0;
	char options[64], path[10000];
	pid_t server;

	check(device >= 0, "/dev/fuse");
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
	check(!unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "unshare");
	check(!mkdir("mnt", 0755) && !mount("long", "mnt", "fuse", 0, options), "mount");
	server = fork();
	check(server >= 0, "fork");
	if (!server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(device);
	}
	close(device);
	begin();
	check(!chdir("mnt"), "chdir");
	memset(path, 'd', length);
	path[length] = 0;
	check(!chdir(path), "chdir");
	memset(path, 'f', length);
	for (long i = 0; i < number(argv[2]); i++) {
		int fd = open(path, O_RDONLY);

		error = fd < 0 ? errno : 0;
		close(fd);
	}
	printf("%d\n", error);
	check(!chdir("/"), "chdir");
	kill(server, SIGKILL);
	wait_for(server);
	return 0;
}
