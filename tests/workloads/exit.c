/* exit HOW VALUE [COUNT]: ends in one of many ways. Prints the boot clock at the start and right before the end.
 *
 * HOW is code; signal; core, a signal with core dumps allowed; leader, where the main thread ends with VALUE, and a
 * thread ends later with another code; group, where a thread ends the whole process; thread-signal, where a thread
 * gets the signal. Or race, group-race: COUNT
 * children, whose two threads end at one moment, each alone or each with the whole process; prints a line for each
 * child, its id and its status. */
#include "workload.h"
#include <sched.h>
#include <sys/resource.h>

static const char *how;
static long value;
static uint64_t started;
static pthread_t leader;
static int ready;

static void say_times(void)
{
	dprintf(1, "%llu %llu\n", (unsigned long long)started, (unsigned long long)boot_ns());
}

static void *last(void *unused)
{
	pthread_join(leader, NULL);
	say_times();
	syscall(SYS_exit, 1);
	return unused;
}

static void *end_group(void *unused)
{
	say_times();
	syscall(SYS_exit_group, value);
	return unused;
}

static void *get_signal(void *unused)
{
	say_times();
	pthread_kill(pthread_self(), value);
	return unused;
}

/* spins, because a thread that is woken ends later than the one that wakes it */
static void *race(void *code)
{
	int spins = 0;

	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&ready, __ATOMIC_SEQ_CST) < 2)
		if (++spins % 65536 == 0)
			sched_yield(); /* the other one may need this very cpu */
	syscall(!strcmp(how, "race") ? SYS_exit : SYS_exit_group, (long)code);
	return NULL;
}

static void start(void *(*run)(void *), void *argument)
{
	pthread_t thread;

	check(!pthread_create(&thread, NULL, run, argument), "pthread_create");
}

static void run_races(long count)
{
	while (count-- > 0) {
		pid_t child = fork();

		if (!child) {
			start(race, (void *)(value + 1));
			race((void *)value);
		}
		check(child > 0, "fork");
		dprintf(1, "%d %d\n", child, wait_for(child));
	}
}

int main(int argc, char **argv)
{
	struct rlimit core = { RLIM_INFINITY, RLIM_INFINITY }, none = { 0, 0 };

	check(argc >= 3, "exit HOW VALUE [COUNT]");
	how = argv[1];
	value = number(argv[2]);
	begin();
	started = boot_ns();
	if (strstr(how, "race")) {
		run_races(number(argv[3]));
	} else if (!strcmp(how, "leader")) {
		leader = pthread_self();
		start(last, NULL);
		syscall(SYS_exit, value);
	} else if (!strcmp(how, "group")) {
		start(end_group, NULL);
		pause();
	} else if (!strcmp(how, "thread-signal")) {
		check(!setrlimit(RLIMIT_CORE, &none), "setrlimit");
		start(get_signal, NULL);
		pause();
	} else if (!strcmp(how, "code")) {
		say_times();
		_exit(value);
	} else {
		check(!setrlimit(RLIMIT_CORE, !strcmp(how, "core") ? &core : &none), "setrlimit");
		say_times();
		signal(value, SIG_DFL);
		kill(getpid(), value);
		pause();
	}
	return 0;
}
