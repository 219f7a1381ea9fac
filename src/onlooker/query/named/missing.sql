-- files that were wanted, and not there
SELECT coalesce(joined_path, real_path, path) AS file, count(*) AS times, list_sort(list(DISTINCT event)) AS how,
       list_sort(list(DISTINCT comm)) AS programs
FROM events
WHERE errno = 'ENOENT'
GROUP BY file
ORDER BY times DESC, file
