-- what each user's processes did
SELECT uid, count(*) AS processes, sum(execs)::UBIGINT AS execs, sum(opens)::UBIGINT AS opens,
       sum(writes)::UBIGINT AS writes, sum(failures)::UBIGINT AS failures, sum(events)::UBIGINT AS events,
       sum(cpu_user_ns + cpu_system_ns) / 1e9 AS cpu_seconds
FROM processes
GROUP BY uid
ORDER BY events DESC, uid
