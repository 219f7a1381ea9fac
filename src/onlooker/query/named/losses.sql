-- events that are missing, and why
SELECT reason, "of" AS events, sum(count)::UBIGINT AS lost, min(time) AS first, max(time) AS last, recording
FROM losses
GROUP BY ALL
ORDER BY lost DESC, reason, events, recording
