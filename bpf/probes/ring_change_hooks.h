/* The tracepoints of io_uring that bpf/probes/ring_changes.h needs: those of bpf/probes/io_uring_hooks.h, which has their
 * prototypes. Programs of their own, so that who watches opens loads nothing of them. */

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_change_submit, struct io_kiocb *request)
{
	return keep_ring_change(request, 0);
}

SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(on_change_submit_old, struct io_kiocb *request)
{
	return keep_ring_change(request, 0);
}

SEC("tp_btf/io_uring_req_failed")
int BPF_PROG(on_change_failed, struct ring_request *entry, struct io_kiocb *request)
{
	return keep_ring_change(request, entry);
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(on_change_complete, void *ring, struct io_kiocb *request, struct io_uring_cqe *completion)
{
	return complete_ring_change(request, completion->res);
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(on_change_complete_old, void *ring, struct io_kiocb *request, __u64 user_data, int result)
{
	return complete_ring_change(request, result);
}

SEC("tp_btf/io_uring_fail_link")
int BPF_PROG(on_change_cancel, struct io_kiocb *failed, struct io_kiocb *request)
{
	return cancel_ring_change(request);
}

SEC("tp_btf/io_uring_cqe_overflow")
int BPF_PROG(on_change_overflow, void *ring, __u64 user_data, int result)
{
	return overflow_ring_change((__u64)ring, user_data, result);
}

/* as trace events, which can't be preempted */
SEC("tp")
int on_change_submit_event(struct trace_event_raw_io_uring_submit_req *event)
{
	return keep_ring_change(event->req, 0);
}

SEC("tp")
int on_change_complete_event(struct trace_event_raw_io_uring_complete *event)
{
	return complete_ring_change(event->req, event->res);
}

SEC("tp")
int on_change_cancel_event(struct trace_event_raw_io_uring_fail_link *event)
{
	return cancel_ring_change(event->link);
}

SEC("tp")
int on_change_overflow_event(struct trace_event_raw_io_uring_cqe_overflow *event)
{
	return overflow_ring_change((__u64)event->ctx, event->user_data, event->res);
}
