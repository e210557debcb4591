-- The least that each part of tracespool needs. None of these accounts can touch any other table.
-- Make the accounts first, each with a password of its own, and in place of % the hosts they come from:
--   CREATE USER 'tracespool'@'%' IDENTIFIED BY '...';

-- The agent: rows in, its frontiers kept (`run`, `check --connect`, `checkpoint`, `replay`).
GRANT INSERT ON `app`.`telemetry_traces` TO 'tracespool'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `app`.`tracespool_progress` TO 'tracespool'@'%';

-- Retention (`prune`): deletes what is too old.
GRANT SELECT, DELETE ON `app`.`telemetry_traces` TO 'tracespool_prune'@'%';
-- Of a table in partitions it drops those that are too old, and adds new ones. Leave this out for any other.
GRANT ALTER, DROP ON `app`.`telemetry_traces` TO 'tracespool_prune'@'%';

-- Reading (`trace`, `why`).
GRANT SELECT ON `app`.`telemetry_traces` TO 'tracespool_read'@'%';
GRANT SELECT ON `app`.`tracespool_progress` TO 'tracespool_read'@'%';
