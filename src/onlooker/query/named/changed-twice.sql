-- files that were opened for writing or truncated more than once
WITH change AS (
    SELECT coalesce(real_path, joined_path, path) AS file, recording, pid, start_ns, comm, time
    FROM opens
    WHERE errno IS NULL AND list_has_any(flags, ['O_WRONLY', 'O_RDWR']) AND NOT list_contains(flags, 'O_PATH')
    UNION ALL
    SELECT coalesce(real_path, joined_path, path), recording, pid, start_ns, comm, time
    FROM truncates
    WHERE errno IS NULL
)
SELECT file, count(*) AS times, count(DISTINCT (recording, pid, start_ns)) AS processes,
       list_sort(list(DISTINCT comm)) AS programs, min(time) AS first, max(time) AS last
FROM change
WHERE NOT (file LIKE '/proc/%' OR file LIKE '/dev/%' AND file NOT LIKE '/dev/shm/%')
GROUP BY file
HAVING count(*) > 1
ORDER BY processes DESC, times DESC, file
