-- processes that lived less than 50 ms, by program
SELECT coalesce(exe, path, comm) AS program, count(*) AS processes, sum(duration_ns) / 1e9 AS seconds,
       sum(cpu_user_ns + cpu_system_ns) / 1e9 AS cpu_seconds, median(duration_ns) / 1e6 AS median_ms
FROM processes
WHERE duration_ns < 50_000_000 AND NOT running
GROUP BY program
ORDER BY processes DESC, program
