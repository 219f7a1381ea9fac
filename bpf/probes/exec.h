/* A process executed a program, or tried to: events/exec.py. */

#define INTERPRETER_BYTES 256 /* BINPRM_BUF_SIZE, include/uapi/linux/binfmts.h: the longest interpreter line */
#define PIECE_BYTES 4096

/* Records come in a few sizes, because the room that bpf_ringbuf_reserve gives must be known to the verifier. */
#define DEFINE_EXEC(name, path_bytes, argv_bytes)                                                                      \
	struct name {                                                                                                  \
		struct exec_record exec;                                                                               \
		char path[path_bytes];                                                                                 \
		char interpreter[INTERPRETER_BYTES];                                                                   \
		char argv[argv_bytes];                                                                                 \
	}

DEFINE_EXEC(exec_small, 128, 512);
DEFINE_EXEC(exec_medium, PATH_BYTES, 4096);
DEFINE_EXEC(exec_large, PATH_BYTES, 32768);
DEFINE_EXEC(exec_huge, PATH_BYTES, 262144);

/* where the texts of a record are, whatever its size */
struct exec_room {
	struct exec_record *exec;
	char *path, *interpreter, *argv;
	__u32 path_bytes, argv_bytes;
};

#define EXEC_ROOM(record)                                                                                              \
	{ &(record)->exec,   (record)->path,         (record)->interpreter,                                            \
	  (record)->argv, sizeof((record)->path), sizeof((record)->argv) }

/* `header` is filled once, for whatever size is tried: following its pointers is the verifier's most costly work */
static __always_inline void fill_exec(struct exec_room *room, const struct record *header, int errno)
{
	struct exec_record *exec = room->exec;
	char *start = (char *)exec;

	exec->record = *header;
	exec->errno = errno;
	exec->path.offset = room->path - start;
	exec->interpreter.offset = room->interpreter - start;
	exec->argv.offset = room->argv - start;
	exec->path.length = exec->interpreter.length = exec->argv.length = 0;
	__builtin_memset(exec->pad, 0, sizeof(exec->pad));
}

/* The arguments lie one behind the other, each with its NUL, in the new program's memory (mm->arg_start). Read in
 * pieces, so that a page that is not there takes only what comes from it on. */
static __always_inline void copy_argv(struct exec_room *room, unsigned long from, unsigned long bytes)
{
	const __u32 most = room->argv_bytes;
	__u32 done = 0;

	if (bytes > most) {
		room->exec->record.cut |= EXEC_CUT_ARGV;
		bytes = most;
	}
	for (; done < most && done + PIECE_BYTES <= bytes; done += PIECE_BYTES)
		if (bpf_probe_read_user(room->argv + done, PIECE_BYTES, (void *)(from + done)))
			goto cut;
	if (done < most &&
	    bpf_probe_read_user(room->argv + done, bytes & ((most < PIECE_BYTES ? most : PIECE_BYTES) - 1),
				(void *)(from + done)))
		goto cut;
	room->exec->argv.length = bytes;
	return;
cut:
	room->exec->argv.length = done;
	room->exec->record.cut |= EXEC_CUT_ARGV;
}

static __always_inline void copy_programs(struct exec_room *room, struct linux_binprm *bprm)
{
	struct exec_record *exec = room->exec;
	long length;

	length = bpf_probe_read_kernel_str(room->path, room->path_bytes, bprm->filename);
	if (length < 1)
		exec->record.cut |= EXEC_CUT_PATH;
	else
		exec->path.length = length - 1;
	/* the same string where the file is run by itself (alloc_bprm, fs/exec.c) */
	if (bprm->interp == bprm->filename)
		return;
	length = bpf_probe_read_kernel_str(room->interpreter, INTERPRETER_BYTES, bprm->interp);
	if (length < 1)
		exec->record.cut |= EXEC_CUT_INTERPRETER;
	else
		exec->interpreter.length = length - 1;
}

/* reserve, clear, fill, submit a successful exec in a record of one size */
#define EMIT_EXEC(type)                                                                                                \
	({                                                                                                             \
		long flags = look(sizeof(struct type));                                                                \
		struct type *record = bpf_ringbuf_reserve(&ring, sizeof(struct type), 0);                              \
		if (record) {                                                                                          \
			struct exec_room room = EXEC_ROOM(record);                                                     \
			zero(record, sizeof(*record));                                                                 \
			fill_exec(&room, &header, 0);                                                                  \
			copy_programs(&room, bprm);                                                                    \
			copy_argv(&room, from, bytes);                                                                 \
			bpf_ringbuf_submit(record, flags);                                                             \
		} else {                                                                                               \
			count_lost(KIND_EXEC, LOST_RING_FULL);                                                         \
		}                                                                                                      \
	})

/* Linux 3.4, include/trace/events/sched.h; called by exec_binprm (fs/exec.c) once the new program stands:
 * TP_PROTO(struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm) */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	unsigned long from, bytes;
	struct record header;
	char path[sizeof(((struct exec_small *)0)->path)];
	bool is_short;

	if (!is_wanted(task))
		return 0;

	fill_record(&header, KIND_EXEC, task);
	from = task->mm->arg_start;
	bytes = task->mm->arg_end - from;
	is_short = bpf_probe_read_kernel_str(path, sizeof(path), bprm->filename) < (long)sizeof(path);
	if (is_short && bytes < sizeof(((struct exec_small *)0)->argv))
		EMIT_EXEC(exec_small);
	else if (bytes <= sizeof(((struct exec_medium *)0)->argv))
		EMIT_EXEC(exec_medium);
	else if (bytes <= sizeof(((struct exec_large *)0)->argv))
		EMIT_EXEC(exec_large);
	else
		EMIT_EXEC(exec_huge);
	return 0;
}
