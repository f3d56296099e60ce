-- name: past
-- What must still happen is about an operation, or about a round of it: its id, a dot, and the round; "/" comes right after the dot.
select number, id, batch, environment from operation
where not open and finished_at < %(before)s and not exists (
    select 1 from todo where todo.about >= operation.id and todo.about < operation.id || '/'
)
order by finished_at limit %(limit)s;

-- name: forget_events
delete from event where operation = any(%(which)s);

-- name: forget_checkpoints
delete from checkpoint where number = any(%(which)s);

-- name: forget_operations
delete from operation where number = any(%(which)s);

-- name: forget_batches
-- What is told of a batch as a whole goes with its last operation.
delete from event where batch in (
    select gone from unnest(%(which)s::text[]) as gone where not exists (select 1 from operation where operation.batch = gone)
);

-- name: forget_environments
-- What is to be removed at a server may have to be removed in an environment that no operation names any more.
delete from note where kind = 'environment' and digest in (
    select sha256(convert_to(gone.key, 'UTF8')) from unnest(%(which)s::text[], %(quoted)s::text[]) as gone (key, quoted)
    where not exists (select 1 from operation where environment is not null and environment = gone.key)
    and not exists (select 1 from todo where kind = 'abort' and strpos(payload, gone.quoted) > 0)
);
