-- files that were written, and never opened for reading or executed
WITH opened AS (
    SELECT recording, coalesce(real_path, joined_path, path) AS file, device, inode, comm,
           list_has_any(flags, ['O_WRONLY', 'O_RDWR']) AS is_write, NOT list_contains(flags, 'O_WRONLY') AS is_read
    FROM opens
    WHERE errno IS NULL AND NOT list_contains(flags, 'O_PATH')
),
used AS (
    SELECT recording, file, device, inode FROM opened WHERE is_read
    UNION ALL
    SELECT recording, exe, device, inode FROM execs WHERE errno IS NULL
    UNION ALL
    SELECT recording, if(path LIKE '/%', path, cwd || '/' || regexp_replace(path, '^(\./+)+', '')), NULL, NULL
    FROM execs
    WHERE errno IS NULL AND interpreter IS NOT NULL
)
SELECT file, count(*) AS times, list_sort(list(DISTINCT comm)) AS programs
FROM opened
ANTI JOIN used USING (recording, file)
-- a file that was renamed is known by its number
ANTI JOIN used AS same 
    ON opened.recording = same.recording AND opened.device = same.device AND opened.inode = same.inode
WHERE is_write AND NOT (file LIKE '/proc/%' OR file LIKE '/dev/%' AND file NOT LIKE '/dev/shm/%')
GROUP BY file
ORDER BY file
