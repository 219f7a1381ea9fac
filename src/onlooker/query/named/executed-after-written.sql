-- files that were written, and executed after that
WITH written AS (
    SELECT recording, seq, time, comm, pid, coalesce(real_path, joined_path, path) AS file, device, inode
    FROM opens
    WHERE errno IS NULL AND list_has_any(flags, ['O_WRONLY', 'O_RDWR']) AND NOT list_contains(flags, 'O_PATH')
),
executed AS (
    -- of a script, exe is what runs it
    SELECT recording, seq, time, pid, cmdline,
           CASE WHEN interpreter IS NULL THEN coalesce(exe, path)
                WHEN path LIKE '/%' THEN path
                ELSE cwd || '/' || regexp_replace(path, '^(\./+)+', '')
           END AS file,
           if(interpreter IS NULL, device, NULL) AS device, if(interpreter IS NULL, inode, NULL) AS inode
    FROM execs
    WHERE errno IS NULL
),
pair AS (
    SELECT executed.*, written.seq AS written_seq, written.time AS written, written.comm AS writer,
           written.pid AS writer_pid
    FROM executed
    JOIN written
        ON executed.recording = written.recording AND executed.file = written.file AND written.seq < executed.seq
    UNION ALL
    -- it may have been renamed
    SELECT executed.*, written.seq, written.time, written.comm, written.pid
    FROM executed
    JOIN written
        ON executed.recording = written.recording AND executed.device = written.device
        AND executed.inode = written.inode AND written.seq < executed.seq
)
SELECT file, writer, writer_pid, written, time AS executed, pid, cmdline
FROM pair
QUALIFY row_number() OVER (PARTITION BY recording, seq ORDER BY written_seq DESC) = 1
ORDER BY recording, seq
