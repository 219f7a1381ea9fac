-- how processes ended, by program
SELECT coalesce(exe, path, comm) AS program, exit_code, signal, count(*) AS processes
FROM processes
WHERE end_time IS NOT NULL
GROUP BY program, exit_code, signal
ORDER BY (exit_code = 0), processes DESC, program, exit_code, signal
