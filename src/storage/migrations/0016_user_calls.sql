-- Tool calls of users in threads, which belong to no run: they are found when their thread is erased.

CREATE INDEX actions_of_users ON actions (thread_id, scope) WHERE run_id = '' AND thread_id <> '';
