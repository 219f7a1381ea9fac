-- programs that were executed, how often, and by which users
SELECT coalesce(exe, path) AS program, count(*) AS times, count(DISTINCT (recording, pid, start_ns)) AS processes,
       list_sort(list(DISTINCT uid)) AS users,
       list_sort(list(DISTINCT path) FILTER (path IS DISTINCT FROM exe)) AS called
FROM execs
WHERE errno IS NULL
GROUP BY program
ORDER BY times DESC, program
