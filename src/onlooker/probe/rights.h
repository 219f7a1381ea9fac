/* Giving up capabilities: capset(2) and prctl(2) of the calling thread, without libcap. */
#ifndef ONLOOKER_RIGHTS_H
#define ONLOOKER_RIGHTS_H

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct rights {
	uint64_t permitted, effective, inheritable;
};

/* 0, or a negative errno. */
static inline int rights_get(struct rights *rights)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (syscall(SYS_capget, &header, data))
		return -errno;
	rights->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	rights->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	rights->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

/* 0, or a negative errno. */
static inline int rights_set(const struct rights *rights)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	int i;

	for (i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted = rights->permitted >> 32 * i;
		data[i].effective = rights->effective >> 32 * i;
		data[i].inheritable = rights->inheritable >> 32 * i;
	}
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

/* Sets the effective capabilities of this thread; it can take the others back. 0, or a negative errno. */
static inline int rights_use(uint64_t effective)
{
	struct rights rights;
	int error = rights_get(&rights);

	rights.effective = effective;
	return error ? error : rights_set(&rights);
}

/* Sets all capabilities that this thread and its children can ever have. Without the inheritable set, the ambient set is
 * empty, too (capabilities(7)). The bounding set needs CAP_SETPCAP, and ends at the first number that prctl(2) does not
 * accept; without that capability, no_new_privs does the same. 0, or a negative errno. */
static inline int rights_keep(uint64_t kept)
{
	struct rights rights = {.permitted = kept, .effective = kept};
	int number;

	for (number = 0; number < 64 && prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; number++)
		if (!(kept >> number & 1))
			prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return rights_set(&rights);
}

#endif
