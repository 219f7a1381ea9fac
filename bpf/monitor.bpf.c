// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* onlooker's kernel part. It observes: it writes to its own maps and to nothing else. */
#include "kernel.h"
#include "constants.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "config.h"
#include "compat.h"

/* the record that both sides share, made from src/onlooker/events; the compiler proves that it has no hidden bytes */
#pragma clang diagnostic push
#pragma clang diagnostic error "-Wpadded"
#include "wire.h"
#pragma clang diagnostic pop

#include "doorbell.h"
#include "record.h"
#include "scratch.h"
#include "self.h"
#include "path.h"
#include "file.h"
#include "filter/tree.h"
#include "filter/executed.h"
#include "filter/task.h"
#include "filter/rules.h"
#include "call.h"
#include "answered.h"
#include "names.h"
#include "ring_change.h"
#include "file_call.h"
#include "ring_pending.h"
#include "probes/fexit.h" /* first, because they are what a kernel refuses most often */
#include "probes.h" /* made from src/onlooker/events: probes/NAME.h of each event */
#include "probes/exec_failed.h"
#include "probes/io_uring.h"
#include "probes/ring_changes.h"
#include "probes/io_uring_hooks.h"
#include "probes/ring_change_hooks.h"
#include "probes/sys_exit.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
