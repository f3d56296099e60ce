-- name: operation_by_id
select {columns} from operation where id = ?;

-- name: by_id
select number from operation where id = :value and number > :after;

-- name: by_batch
select number from operation indexed by operation_by_batch where batch = :value and number > :after order by number limit :scan;

-- name: by_status
select number from operation indexed by operation_by_status where status = :value and number > :after order by number limit :scan;

-- name: by_group
select number from operation indexed by operation_by_group
where group_name is not null and group_name = :value and number > :after order by number limit :scan;

-- name: by_target
select number from operation indexed by operation_by_target
where target in (select value from json_each(:value)) and number > :after order by number limit :scan;

-- name: by_open_target
select number from operation indexed by operation_by_target
where target in (select value from json_each(:value)) and open = 1 and number > :after order by number limit :scan;

-- name: by_open_batch
select number from operation indexed by operation_open_in_batch
where open = 1 and batch = :value and number > :after order by number limit :scan;

-- name: by_claim
select number from operation indexed by operation_claimed where owner is not null and number > :after order by number limit :scan;

-- name: by_listed
select number from operation indexed by operation_listed
where (open = 1 or acknowledged_at is null) and number > :after order by number limit :scan;

-- name: by_file
-- 7: failed.
select number from operation indexed by operation_by_file
where (open = 1 or acknowledged_at is null) and file = :value and (open = 1 or status = 7) and number > :after order by number limit :scan;

-- name: by_open
select number from operation indexed by operation_open where open = 1 and number > :after order by number limit :scan;

-- name: by_prefix
select number from (select number from operation indexed by operation_by_id where id >= :low and id < :high limit :scan)
union
select number from (select number from operation indexed by operation_by_batch where batch >= :low and batch < :high limit :scan)
limit :scan;

-- name: by_due
select number from operation indexed by operation_waiting where due is not null and owner is null and due > :due_after
union all
select number from operation indexed by operation_claimed where owner is not null and due > :due_after
limit :scan;

-- name: by_number
select number from operation where number > :after order by number limit :scan;

-- name: find
-- Each filter that is null lets everything pass; the candidates were found by an index and are few.
select {columns} from operation
where number in (select value from json_each(:candidates))
    and (:batch is null or batch = :batch)
    and (:group_name is null or group_name = :group_name)
    and (:grouped is null or (group_name is not null) = :grouped)
    and (:reason is null or reason = :reason)
    and (:targets is null or target in (select value from json_each(:targets)))
    and (:open is null or open = :open)
    and (:claimed is null or (owner is not null) = :claimed)
    and (:listed is null or (open = 1 or acknowledged_at is null) = :listed)
    and (:due_after is null or due > :due_after)
    and (:reads is null or (file = :reads and (open = 1 or (status = 7 and acknowledged_at is null))))
    and (:low is null or (id >= :low and id < :high) or (batch >= :low and batch < :high))
    and (:numbers is null or number in (select value from json_each(:numbers)))
    and (:ids is null or id in (select value from json_each(:ids)) or batch in (select value from json_each(:ids)))
    and (:statuses is null or status in (select value from json_each(:statuses)))
    and not exists (
        select 1 from json_each(:metadata) as asked where not exists (
            select 1 from json_each(operation.spec, '$.metadata') as kept where kept.key = asked.key and kept.value is asked.value
        )
    )
order by number limit :limit;

-- name: checkpoint
select session, confirmed, prefix_length, prefix_crc from checkpoint where number = ?;

-- name: events
select seq, id, time, type, operation, batch, round, data from event
where seq > :after and seq <= :upto and (:types is null or type in (select value from json_each(:types)))
order by seq limit :limit;

-- name: last_event
select coalesce(max(seq), 0) from event;

-- name: events_of_operation
select seq, id, time, type, operation, batch, round, data from event indexed by event_by_operation
where operation = :value and seq > :after order by seq limit :limit;

-- name: events_of_batch
select seq, id, time, type, operation, batch, round, data from event indexed by event_by_batch
where batch = :value and seq > :after order by seq limit :limit;

-- name: todos
select kind, about, payload, due, tries, version from todo where due <= :now order by due, kind, about limit :limit;

-- name: todos_of_kind
select kind, about, payload, due, tries, version from todo where kind = :kind and due <= :now order by due, about limit :limit;

-- name: notes
select key, value, version from note where kind = :kind and key > :after order by key limit :limit;

-- name: named_notes
select key, value, version from note where kind = :kind and key in (select value from json_each(:keys));
