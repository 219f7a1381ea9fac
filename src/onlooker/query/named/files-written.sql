-- files that were opened for writing, truncated, or got their name by a rename or a link
WITH change AS (
    SELECT coalesce(real_path, joined_path, path) AS file, if(created, 'created', 'opened') AS how, comm
    FROM opens
    WHERE errno IS NULL AND list_has_any(flags, ['O_WRONLY', 'O_RDWR']) AND NOT list_contains(flags, 'O_PATH')
    UNION ALL
    SELECT coalesce(real_path, joined_path, path), 'truncated', comm FROM truncates WHERE errno IS NULL
    UNION ALL
    SELECT coalesce(joined_new_path, new_path), 'renamed', comm FROM renames WHERE errno IS NULL
    UNION ALL
    SELECT coalesce(joined_new_path, new_path), 'linked', comm FROM links WHERE errno IS NULL
)
SELECT file, count(*) AS times, list_sort(list(DISTINCT how)) AS how, list_sort(list(DISTINCT comm)) AS programs
FROM change
GROUP BY file
ORDER BY file
