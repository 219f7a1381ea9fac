-- the processes that took longest
SELECT pid, comm, cmdline, duration_ns / 1e9 AS seconds, (cpu_user_ns + cpu_system_ns) / 1e9 AS cpu_seconds,
       exit_code, signal, running
FROM processes
WHERE duration_ns IS NOT NULL
ORDER BY duration_ns DESC, start_time
LIMIT 20
