-- name: past
-- What must still happen is about an operation, or about a round of it: its id, a dot, and the round; "/" comes right after the dot.
select number, id, batch, environment from operation indexed by operation_finished
where open = 0 and finished_at < :before and not exists (
    select 1 from todo where todo.about >= operation.id and todo.about < operation.id || '/'
)
order by finished_at limit :limit;

-- name: forget_events
delete from event where operation in (select value from json_each(?));

-- name: forget_checkpoints
delete from checkpoint where number in (select value from json_each(?));

-- name: forget_operations
delete from operation where number in (select value from json_each(?));

-- name: forget_batches
-- What is told of a batch as a whole goes with its last operation.
delete from event where batch in (
    select value from json_each(?) where not exists (select 1 from operation where operation.batch = json_each.value)
);

-- name: forget_environments
-- What is to be removed at a server may have to be removed in an environment that no operation names any more.
delete from note where kind = 'environment' and key in (
    select value from json_each(?)
    where not exists (select 1 from operation where environment is not null and environment = json_each.value)
    and not exists (select 1 from todo where kind = 'abort' and instr(payload, json_quote(json_each.value)))
);
