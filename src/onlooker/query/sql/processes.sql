-- The processes that the recordings know. `recorded` has all events; `wanted` says which of them are asked for.
WITH RECURSIVE
sight AS (
    -- whoever did something was there
    SELECT recording, pid, start_ns, seq, epoch_ns(time) - boot_ns AS offset_ns, boot_ns, ppid, comm, uid, gid,
           cgroup_id, wanted AS is_own,
           wanted AND event = 'exec' AND errno IS NULL AS is_exec,
           wanted AND event = 'open' AND errno IS NULL AS is_open,
           wanted AND event = 'open' AND errno IS NULL AND list_has_any(flags, ['O_WRONLY', 'O_RDWR'])
               AND NOT list_contains(flags, 'O_PATH') AS is_write,
           wanted AND errno IS NOT NULL AS is_failure
    FROM recorded.events
    WHERE event != 'lost'
    UNION ALL
    -- a child is there from its fork on, and like its creator
    SELECT recording, child_pid, child_start_ns, seq, epoch_ns(time) - boot_ns, boot_ns, child_ppid, comm, uid, gid,
           cgroup_id, FALSE, FALSE, FALSE, FALSE, FALSE
    FROM recorded.forks
    WHERE NOT thread AND NOT kernel
),
seen AS (
    SELECT recording, pid, start_ns,
           min(boot_ns) AS first_ns, max(boot_ns) AS last_ns, arg_min(ppid, seq) AS ppid, arg_min(offset_ns, seq) AS offset_ns,
           arg_max(comm, seq) AS comm, arg_max(uid, seq) AS uid, arg_max(gid, seq) AS gid,
           arg_max(cgroup_id, seq) AS cgroup_id,
           count_if(is_exec)::UBIGINT AS execs, count_if(is_open)::UBIGINT AS opens,
           count_if(is_write)::UBIGINT AS writes, count_if(is_failure)::UBIGINT AS failures,
           count_if(is_own)::UBIGINT AS events,
           max(seq) FILTER (offset_ns IS NOT NULL) AS last_seq, arg_max(offset_ns, seq) AS last_offset_ns
    FROM sight
    GROUP BY ALL
),
begun AS (
    -- with CLONE_PARENT the parent is not the creator: it is found below, by its id
    SELECT recording, child_pid AS pid, child_start_ns AS start_ns,
           any_value(CASE WHEN child_ppid = creator.pid THEN creator.start_ns END) AS creator_start_ns
    FROM recorded.forks AS creator
    WHERE NOT thread AND NOT kernel
    GROUP BY ALL
),
executed AS (
    SELECT recording, pid, start_ns, path, exe, argv, cmdline
    FROM recorded.execs
    WHERE errno IS NULL
    QUALIFY row_number() OVER (PARTITION BY recording, pid, start_ns ORDER BY seq DESC) = 1
),
ended AS (
    SELECT recording, pid, start_ns, time AS end_time, boot_ns AS end_ns, duration_ns, exit_code, signal,
           cpu_user_ns, cpu_system_ns
    FROM recorded.exits
    QUALIFY row_number() OVER (PARTITION BY recording, pid, start_ns ORDER BY seq DESC) = 1
),
final AS (
    -- when each recording ended: as it says itself, else with its last event
    SELECT recording,
           greatest(last_ns, coalesce(least(said_ns - offset_ns, last_ns + most_ns), last_ns)) AS final_ns
    FROM (
        SELECT recording, max(last_ns) AS last_ns, arg_max(last_offset_ns, last_seq) AS offset_ns
        FROM seen  -- and not the events once more: to plan and to read them takes longest
        GROUP BY ALL
    )
    LEFT JOIN tail.said USING (recording)
),
missed AS (
    -- until when ends may be what is lost
    SELECT recording, max(boot_ns) AS missed_ns
    FROM recorded.losses
    JOIN tail.said USING (recording)
    WHERE ("of" IN ('exit', 'unknown') OR reason = 'unfollowed') AND reason != 'rotated' AND (reason != 'damaged' OR has_holes)
    GROUP BY ALL
),
known AS MATERIALIZED (
    SELECT *,
           -- it ended, or its id was used again
           end_ns IS NOT NULL OR lead(start_ns) OVER (PARTITION BY recording, pid ORDER BY start_ns) IS NOT NULL AS is_over,
           -- of the others: until when they were there
           CASE WHEN NOT is_over AND has_ends AND last_ns > coalesce(missed_ns, -1) THEN final_ns END AS until_ns
    FROM seen
    LEFT JOIN final USING (recording)
    LEFT JOIN tail.said USING (recording)
    LEFT JOIN missed USING (recording)
    LEFT JOIN begun USING (recording, pid, start_ns)
    LEFT JOIN executed USING (recording, pid, start_ns)
    LEFT JOIN ended USING (recording, pid, start_ns)
    -- kernel threads are no processes: kthreadd and its children, until they execute a program
    WHERE path IS NOT NULL OR 2 NOT IN (pid, ppid)
),
related AS MATERIALIZED (
    -- the id of a parent may have been used again: it is older, and was there when the child was seen first
    SELECT child.*,
           CASE WHEN until_ns >= child.start_ns THEN (until_ns - child.start_ns)::UBIGINT END AS lived_ns,
           coalesce(child.creator_start_ns,
                    CASE WHEN parent.end_ns IS NULL OR parent.end_ns >= child.first_ns THEN parent.start_ns END
           ) AS parent_start_ns
    FROM known AS child
    ASOF LEFT JOIN (SELECT recording, pid, start_ns, end_ns FROM known) AS parent
        ON child.recording = parent.recording AND child.ppid = parent.pid AND child.start_ns > parent.start_ns
),
child AS MATERIALIZED (
    SELECT recording, pid, start_ns, comm, ppid, parent_start_ns FROM related
),
line AS (
    SELECT recording, pid, start_ns, comm, 0 AS depth,
           []::STRUCT(pid UINTEGER, start_ns UBIGINT, comm VARCHAR)[] AS ancestors
    FROM child
    WHERE NOT EXISTS (
        FROM known AS parent
        WHERE parent.recording = child.recording AND parent.pid = child.ppid AND parent.start_ns = child.parent_start_ns
    )
    UNION ALL
    SELECT child.recording, child.pid, child.start_ns, child.comm, depth + 1,
           list_prepend({pid: line.pid, start_ns: line.start_ns, comm: line.comm}, ancestors)
    FROM line
    JOIN child
        ON child.recording = line.recording AND child.ppid = line.pid AND child.parent_start_ns = line.start_ns
    WHERE depth < 128  -- where a program forks itself for ever, a query comes to an end all the same
)
-- what stands behind a column says what it means, also in docs/query.md
SELECT pid,  -- process id
       start_ns,  -- when it started, in nanoseconds since boot; with `pid` it tells a process from all others
       ppid,  -- process id of its parent: its creator, or where its beginning was not seen, the first that is known
       parent_start_ns,  -- `start_ns` of its parent, where the recording knows that
       related.comm,  -- its name, the last one
       path,  -- the program that it executed last, as passed; NULL where it executed none
       exe,  -- the file that ran then, all links followed
       argv,  -- its arguments
       cmdline,  -- the same as one shell command
       uid,  -- its user, the last one
       gid,  -- its group
       cgroup_id,  -- its cgroup
       make_timestamp_ns(TRY_CAST(start_ns + offset_ns AS BIGINT)) AS start_time,  -- when it started
       end_time,  -- when it ended; NULL where the recording has no end of it
       coalesce(duration_ns, lived_ns) AS duration_ns,  -- how long it lived, in nanoseconds; where `running`, until the recording ended; NULL where its end is not known
       CASE WHEN is_over THEN FALSE WHEN until_ns IS NOT NULL THEN TRUE END AS running,  -- whether it was there when the recording ended; NULL where nobody knows
       exit_code,  -- where it exited
       signal,  -- what killed it
       cpu_user_ns,  -- processor time in user space, in nanoseconds; NULL without an end
       cpu_system_ns,  -- the same in the kernel
       execs,  -- how many programs it executed
       opens,  -- how many files it opened
       writes,  -- how many of these for writing
       failures,  -- how many of its calls failed
       events,  -- how many events there are of it
       depth::UINTEGER AS depth,  -- how many ancestors are known; NULL for more than 128
       ancestors,  -- these, its parent first: `pid`, `start_ns`, `comm`
       recording  -- the recording, as it was named
FROM related
LEFT JOIN line USING (recording, pid, start_ns)
