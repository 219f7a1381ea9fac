-- files that were opened for reading
SELECT coalesce(real_path, joined_path, path) AS file, count(*) AS times, list_sort(list(DISTINCT comm)) AS programs
FROM opens
WHERE errno IS NULL AND NOT list_has_any(flags, ['O_WRONLY', 'O_PATH', 'O_DIRECTORY'])
GROUP BY file
ORDER BY file
