-- calls that failed, by file and error
SELECT errno, event, coalesce(joined_path, real_path, path) AS file, count(*) AS times,
       list_sort(list(DISTINCT comm)) AS programs
FROM events
WHERE errno IS NOT NULL
GROUP BY ALL
ORDER BY times DESC, errno, event, file
