-- files that were opened most
SELECT coalesce(real_path, joined_path, path) AS file, count(*) AS times, count(errno) AS failed,
       count(DISTINCT (recording, pid, start_ns)) AS processes, list_sort(list(DISTINCT comm)) AS programs
FROM opens
GROUP BY file
ORDER BY times DESC, file
