/* The tracepoints of io_uring that bpf/probes/io_uring.h needs. */

/* Linux 6.3, include/trace/events/io_uring.h; called by io_submit_sqe (io_uring/io_uring.c) once the request is
 * prepared: TP_PROTO(struct io_kiocb *req) */
SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_ring_submit, struct io_kiocb *request)
{
	return submit_ring_open(request);
}

/* Linux 6.0 to 6.2: TP_PROTO(struct io_kiocb *req, bool force_nonblock) */
SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(on_ring_submit_old, struct io_kiocb *request)
{
	return submit_ring_open(request);
}

/* Linux 6.0; called by io_submit_fail_init: TP_PROTO(const struct io_uring_sqe *sqe, struct io_kiocb *req, int error) */
SEC("tp_btf/io_uring_req_failed")
int BPF_PROG(on_ring_failed, struct ring_request *entry, struct io_kiocb *request)
{
	return fail_ring_open(entry, request);
}

/* Linux 6.11: TP_PROTO(struct io_ring_ctx *ctx, void *req, struct io_uring_cqe *cqe) */
SEC("tp_btf/io_uring_complete")
int BPF_PROG(on_ring_complete, void *ring, struct io_kiocb *request, struct io_uring_cqe *completion)
{
	return complete_ring_open(request, completion->res);
}

/* Linux 5.18: TP_PROTO(void *ctx, void *req, u64 user_data, int res, unsigned cflags, u64 extra1, u64 extra2) */
SEC("tp_btf/io_uring_complete")
int BPF_PROG(on_ring_complete_old, void *ring, struct io_kiocb *request, __u64 user_data, int result)
{
	return complete_ring_open(request, result);
}

/* Linux 6.0: TP_PROTO(struct io_kiocb *req, struct io_kiocb *link) */
SEC("tp_btf/io_uring_fail_link")
int BPF_PROG(on_ring_cancel, struct io_kiocb *failed, struct io_kiocb *request)
{
	return cancel_ring_open(request);
}

/* Linux 5.18: TP_PROTO(void *ctx, unsigned long long user_data, s32 res, u32 cflags, void *ocqe) */
SEC("tp_btf/io_uring_cqe_overflow")
int BPF_PROG(on_ring_overflow, void *ring, __u64 user_data, int result)
{
	return overflow_ring((__u64)ring, user_data, result);
}

/* Linux 5.18; called by io_uring_create: TP_PROTO(int fd, void *ctx, u32 sq_entries, u32 cq_entries, u32 flags) */
SEC("tp_btf/io_uring_create")
int BPF_PROG(on_ring_create, int fd, struct io_ring_ctx *ring)
{
	return create_ring(ring);
}

/* The same as trace events, which perf attaches. Since Linux 7.0 (a46023d5616e) the programs above can be preempted, and
 * these can't (16718274ee75, include/trace/perf.h): no process is skipped because another interrupted the program. The
 * event of io_uring_req_failed lacks the directory, so on_ring_failed has no other form: all that it sees are
 * requests that open nothing.
 *
 * The records are those of TP_STRUCT__entry in include/trace/events/io_uring.h. */
SEC("tp")
int on_ring_submit_event(struct trace_event_raw_io_uring_submit_req *event)
{
	return submit_ring_open(event->req);
}

SEC("tp")
int on_ring_complete_event(struct trace_event_raw_io_uring_complete *event)
{
	return complete_ring_open(event->req, event->res);
}

SEC("tp")
int on_ring_cancel_event(struct trace_event_raw_io_uring_fail_link *event)
{
	return cancel_ring_open(event->link);
}

SEC("tp")
int on_ring_overflow_event(struct trace_event_raw_io_uring_cqe_overflow *event)
{
	return overflow_ring((__u64)event->ctx, event->user_data, event->res);
}

SEC("tp")
int on_ring_create_event(struct trace_event_raw_io_uring_create *event)
{
	return create_ring(event->ctx);
}
