-- calls that failed, by file and error; not those that found nothing, which are in missing
SELECT errno, event, coalesce(joined_path, real_path, path) AS file, count(*) AS times,
       list_sort(list(DISTINCT comm)) AS programs
FROM events
WHERE errno != 'ENOENT' AND NOT (event = 'readlink' AND errno = 'EINVAL')  -- that a file is no link is an answer
GROUP BY ALL
ORDER BY times DESC, errno, event, file
