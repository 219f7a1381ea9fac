/* Starting a command that waits until it is let go, without a step of Python between fork(2) and execve(2): other threads of
 * the program may hold any of its locks. */
#ifndef ONLOOKER_LAUNCH_H
#define ONLOOKER_LAUNCH_H

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "rights.h"

struct launch {
	char **paths; /* where the program may be, in order, and NULL */
	char **argv, **env;
	gid_t *groups;
	size_t group_count;
	uid_t uid;
	gid_t gid;
	int other;       /* run it as that user */
	int go, said;    /* a byte lets it go; what it says is a step and an errno */
	int go_end;      /* the other end, which only who starts it may hold: its end is a word, too */
	uint64_t blocked; /* the signals that are blocked in it */
};

enum launch_step { LAUNCH_USER = 1, LAUNCH_SEARCH, LAUNCH_READY, LAUNCH_EXEC };

static inline void launch_say(const struct launch *launch, enum launch_step step, int error)
{
	int32_t said[2] = { step, error };
	ssize_t written = write(launch->said, said, sizeof(said));

	(void)written;
}

/* What this program does on a signal must not happen in its child; what it ignores, the child ignores, too, but for the
 * two that Python ignores on its own account. */
static inline void launch_signals(const struct launch *launch)
{
	struct sigaction action, standard = { .sa_handler = SIG_DFL };
	sigset_t blocked;
	int number;

	sigemptyset(&blocked);
	for (number = 1; number <= 64; number++) {
		int is_own = number == SIGPIPE || number == SIGXFSZ;

		if (!sigaction(number, NULL, &action) && (is_own || action.sa_handler != SIG_IGN))
			sigaction(number, &standard, NULL);
		if (launch->blocked >> (number - 1) & 1)
			sigaddset(&blocked, number);
	}
	sigprocmask(SIG_SETMASK, &blocked, NULL);
}

/* 0, or an errno. Only root keeps capabilities, as it does by any other execve(2): none come from who started this. */
static inline int launch_user(const struct launch *launch)
{
	const struct rights none = { 0 };

	if (launch->other && (setgroups(launch->group_count, launch->groups) ||
			      setresgid(launch->gid, launch->gid, launch->gid) ||
			      setresuid(launch->uid, launch->uid, launch->uid)))
		return errno;
	if (!getuid())
		return 0;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return -rights_set(&none);
}

/* The first that may be executed, or NULL with errno. Nothing is tried out: a failed execve(2) would be an event. */
static inline char *launch_search(const struct launch *launch)
{
	int error = ENOENT;
	char **path;

	for (path = launch->paths; *path; path++) {
		struct stat found;

		if (!access(*path, X_OK) && !stat(*path, &found)) {
			if (!S_ISDIR(found.st_mode))
				return *path;
			error = EACCES;
		} else if (errno != ENOENT && errno != ENOTDIR) {
			error = errno;
		}
	}
	errno = error;
	return NULL;
}

static inline void launch_child(const struct launch *launch)
{
	int error;
	char *path, byte;

	close(launch->go_end);
	launch_signals(launch);
	if ((error = launch_user(launch))) {
		launch_say(launch, LAUNCH_USER, error);
		_exit(126);
	}
	if (!(path = launch_search(launch))) {
		launch_say(launch, LAUNCH_SEARCH, errno);
		_exit(127);
	}
	launch_say(launch, LAUNCH_READY, 0);
	while ((error = read(launch->go, &byte, 1)) < 0 && errno == EINTR)
		;
	if (error != 1) /* whoever started it has ended, or thought better of it */
		_exit(127);
	execve(path, launch->argv, launch->env);
	error = errno;
	launch_say(launch, LAUNCH_EXEC, error);
	_exit(error == ENOENT ? 127 : 126);
}

/* The process id of the child, or a negative errno. No signal reaches the child before it has its own handlers. */
static inline pid_t launch_start(const struct launch *launch)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (!pid)
		launch_child(launch);
	if (pid < 0)
		pid = -errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

#endif
