/* executor: carries out the operations that it finds on standard input (a file, see tests/truth/operations.py) and appends to
 * standard output (a file, too) a record of what it did and what the kernel answered. Descriptor 2 is a directory.
 *
 * Link it statically, so that it opens nothing but what its input says. Where it executes itself, the
 * environment says how it goes on: OBEY=OPERATION END, the operation by which it came to be and the end of its list, as
 * offsets. */
#include "workload.h"
#include <linux/openat2.h>
#include <linux/sched.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>

enum call { OPEN = 1, OPENAT, OPENAT2, CREAT, CLOSE, CHDIR, MKDIR, SYMLINK, RENAME, REMOVE, FORK, THREAD, PARALLEL,
	    EXEC, SIGNAL, EXIT };
enum where { PLAIN, NOWHERE_NULL, NOWHERE, EDGE, OVER };
enum create { BY_FORK, BY_VFORK, BY_CLONE, BY_CLONE3 };
enum said { DONE = 1, CREATED, ENDED, STARTED };

/* an operation: this, its texts, each with its NUL, up to a multiple of 8 bytes, then the operations of its own list */
struct op {
	uint16_t call, where;
	uint32_t size, text_bytes, list_bytes;
	int64_t args[4];
};

struct record {
	uint32_t said, op, pid, tid;
	int64_t result;
	uint32_t value, text_bytes;
};

#define NO_OP UINT32_MAX
#define PLACE_BYTES 8192

static const char *program;
static char *const nowhere = (char *)8;

static void run(const struct op *from, const struct op *end);

static const struct op *at(uint32_t offset)
{
	return (const struct op *)(program + offset);
}

static uint32_t offset_of(const struct op *op)
{
	return op ? (const char *)op - program : NO_OP;
}

static const char *text_of(const struct op *op)
{
	return (const char *)(op + 1);
}

static const struct op *list_of(const struct op *op)
{
	return (const struct op *)(text_of(op) + (op->text_bytes + 7) / 8 * 8);
}

static const struct op *after(const struct op *op)
{
	return (const struct op *)((const char *)op + op->size);
}

/* in one write to a file opened with O_APPEND, so records of threads and processes do not mix */
static void say_as(uint32_t tid, const struct op *op, enum said said, int64_t result, uint32_t value, const char *text,
		   uint32_t text_bytes)
{
	struct record record = { said, offset_of(op), getpid(), tid, result, value, text_bytes };
	struct iovec parts[] = { { &record, sizeof(record) }, { (char *)text, text_bytes } };

	if (writev(1, parts, 2) != (ssize_t)(sizeof(record) + text_bytes))
		_exit(98);
}

static void say(const struct op *op, enum said said, int64_t result, uint32_t value)
{
	say_as(syscall(SYS_gettid), op, said, result, value, NULL, 0);
}

static int64_t outcome(long result)
{
	return result < 0 ? -errno : result;
}

/* the path, where the operation wants it: at an edge, its NUL, or its last byte, is the last one of a mapping */
static const char *place(const struct op *op, const char *text)
{
	size_t page = sysconf(_SC_PAGESIZE), length, room;
	char *pages;

	if (op->where == NOWHERE_NULL)
		return NULL;
	if (op->where == NOWHERE)
		return nowhere;
	if (op->where == PLAIN)
		return text;
	length = strlen(text) + (op->where == EDGE);
	room = (length / page + 1) * page;
	pages = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED || munmap(pages + room, page))
		_exit(97);
	return memcpy(pages + room - length, text, length);
}

/* A place, and then the device and the inode that are there: where a descriptor or another link in /proc leads. Both
 * texts are empty where nothing is. Returns the end of it. */
static char *look(char *to, const char *link, int number)
{
	char name[64];
	struct stat file;
	ssize_t length;

	snprintf(name, sizeof(name), "/proc/self/%s", link);
	if (number >= 0)
		snprintf(name, sizeof(name), "/proc/self/fd/%d", number);
	length = readlink(name, to, PLACE_BYTES);
	if (length < 0 || stat(name, &file)) {
		*to++ = 0;
		*to++ = 0;
		return to;
	}
	to += length;
	*to++ = 0;
	return to + sprintf(to, "%llu %llu", (unsigned long long)file.st_dev, (unsigned long long)file.st_ino) + 1;
}

/* the result of a call that takes a path; with it what was opened, or where the path would have started, and the
 * working directory */
static void say_result(const struct op *op, int64_t result, int dirfd)
{
	char text[3 * PLACE_BYTES], *end;

	if (result < 0 && dirfd == AT_FDCWD)
		end = look(text, "cwd", -1);
	else
		end = look(text, "none", result < 0 ? dirfd : result);
	end = look(end, "cwd", -1);
	say_as(syscall(SYS_gettid), op, DONE, result, 0, text, end - text);
}

static void do_open(const struct op *op)
{
	const char *path = place(op, text_of(op));
	int dirfd = op->args[0];
	struct open_how how = { .flags = op->args[1], .mode = op->args[2] & 0xffffffff, .resolve = op->args[3] };
	const void *how_at = op->args[2] >> 32 ? (void *)nowhere : &how; /* beyond any mode: openat2's flags are nowhere */
	int64_t result = outcome(op->call == OPENAT2 ? syscall(SYS_openat2, dirfd, path, how_at, sizeof(how)) :
				 op->call == OPENAT  ? syscall(SYS_openat, dirfd, path, how.flags, how.mode) :
#ifdef SYS_open
				 op->call == OPEN    ? syscall(SYS_open, path, how.flags, how.mode) :
				 op->call == CREAT   ? syscall(SYS_creat, path, how.mode) :
#endif
						       -1);

	say_result(op, result, op->call == OPENAT || op->call == OPENAT2 ? dirfd : AT_FDCWD);
}

static void end_child(const struct op *op, pid_t child)
{
	int status = wait_for(child);

	say(op, ENDED, child, status);
}

static void do_vfork(const struct op *volatile op)
{
	pid_t child = vfork();

	if (!child) {
		run(list_of(op), after(op));
		_exit(0);
	}
	say(op, CREATED, outcome(child), 0);
	if (child > 0)
		end_child(op, child);
}

static void do_fork(const struct op *op)
{
	struct clone_args args = { .flags = op->args[1], .exit_signal = op->args[2] };
	long child;

	if (op->args[0] == BY_VFORK) {
		do_vfork(op);
		return;
	}
	child = op->args[0] == BY_CLONE3 ? syscall(SYS_clone3, &args, sizeof(args)) :
#ifdef SYS_fork
		op->args[0] == BY_FORK	 ? syscall(SYS_fork) :
#endif
					   syscall(SYS_clone, op->args[1] | op->args[2], NULL, NULL, NULL, NULL);
	if (!child) {
		run(list_of(op), after(op));
		_exit(0);
	}
	say(op, CREATED, outcome(child), 0);
	if (child > 0)
		end_child(op, child);
}

struct start {
	const struct op *op;
	uint32_t creator;
	sem_t said;
	pthread_t thread;
};

static void *be_thread(void *argument)
{
	struct start *start = argument;
	const struct op *op = start->op;

	say_as(start->creator, op, CREATED, syscall(SYS_gettid), 1, NULL, 0); /* in its creator's name */
	sem_post(&start->said);
	run(list_of(op), after(op));
	return NULL;
}

/* returns once it has said that it begins */
static void begin_thread(struct start *start, const struct op *op)
{
	start->op = op;
	start->creator = syscall(SYS_gettid);
	if (sem_init(&start->said, 0, 0) || pthread_create(&start->thread, NULL, be_thread, start))
		_exit(96);
	while (sem_wait(&start->said))
		;
}

static void do_thread(const struct op *op)
{
	struct start start;

	begin_thread(&start, op);
	pthread_join(start.thread, NULL);
}

#define MOST_THREADS 8

/* its list are threads, all of which run at once */
static void do_parallel(const struct op *op)
{
	struct start starts[MOST_THREADS];
	const struct op *each = list_of(op);
	int count = 0;

	for (; each < after(op) && count < MOST_THREADS; each = after(each))
		begin_thread(&starts[count++], each);
	while (count--)
		pthread_join(starts[count].thread, NULL);
}

/* its texts are the path and the arguments; says something only if it fails */
static void do_exec(const struct op *op, const struct op *end)
{
	const char *args[64] = { NULL }, *text = text_of(op), *stop = text + op->text_bytes;
	const char *path = place(op, text), *const *argv = args;
	char state[64];
	char *env[] = { state, NULL };
	int count = 0;
	int64_t result;

	for (text += strlen(text) + 1; text < stop && count < 63; text += strlen(text) + 1)
		args[count++] = text;
	if (op->args[3])
		argv = op->args[3] == NOWHERE ? (void *)nowhere : NULL;
	snprintf(state, sizeof(state), "OBEY=%u %u", offset_of(op), offset_of(end));
	result = outcome(op->args[2] ? syscall(SYS_execveat, (int)op->args[0], path, argv, env, (int)op->args[1]) :
				       syscall(SYS_execve, path, argv, env));
	say_result(op, result, op->args[2] ? (int)op->args[0] : AT_FDCWD);
}

/* changes where paths lead; it has no event, and its result does not matter */
static void do_other(const struct op *op)
{
	const char *first = text_of(op), *second = first + strlen(first) + 1;
	int failed = op->call == CLOSE	 ? close(op->args[0]) :
		     op->call == CHDIR	 ? chdir(first) :
		     op->call == MKDIR	 ? mkdir(first, op->args[0]) :
		     op->call == SYMLINK ? symlink(first, second) :
		     op->call == RENAME	 ? rename(first, second) :
		     op->call == REMOVE	 ? remove(first) :
		     /* to this very thread: another one would let it go on for a while */
		     op->call == SIGNAL	 ? syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), (int)op->args[0]) :
					   -1;
	(void)failed;
}

static void run(const struct op *from, const struct op *end)
{
	const struct op *op;

	for (op = from; op < end; op = after(op)) {
		switch (op->call) {
		case OPEN ... CREAT: do_open(op); break;
		case FORK: do_fork(op); break;
		case THREAD: do_thread(op); break;
		case PARALLEL: do_parallel(op); break;
		case EXEC: do_exec(op, end); break;
		case EXIT: syscall(SYS_exit_group, (int)op->args[0]); break;
		default: do_other(op);
		}
	}
}

/* the new program: what it is, where it is, and its arguments, as it finds them itself */
static void say_started(const struct op *op, char **argv)
{
	static char text[65536];
	char *to = look(look(text, "exe", -1), "cwd", -1), *end = text + sizeof(text);

	for (; *argv && strlen(*argv) < (size_t)(end - to); argv++)
		to = stpcpy(to, *argv) + 1;
	say_as(syscall(SYS_gettid), op, STARTED, 0, 0, text, to - text);
}

int main(int argc, char **argv)
{
	const char *state = getenv("OBEY");
	struct rlimit none = { 0, 0 };
	struct stat file;
	uint32_t from, end;

	(void)argc;
	check(state && sscanf(state, "%u %u", &from, &end) == 2, "OBEY=OPERATION END");
	check(!fstat(0, &file) && !setrlimit(RLIMIT_CORE, &none), "fstat, setrlimit");
	program = file.st_size ? mmap(NULL, file.st_size, PROT_READ, MAP_PRIVATE, 0, 0) : "";
	check(program != MAP_FAILED, "mmap");
	if (from == NO_OP) {
		run(at(0), at(end));
	} else {
		say_started(at(from), argv);
		run(after(at(from)), at(end));
	}
	_exit(0);
}
