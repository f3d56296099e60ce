-- name: by_id
select number from operation where id = %(value)s and number > %(after)s limit %(scan)s;

-- name: by_batch
select number from operation where batch = %(value)s and number > %(after)s order by batch, number limit %(scan)s;

-- name: by_status
select number from operation where status = %(value)s and number > %(after)s order by status, number limit %(scan)s;

-- name: by_group
select number from operation where group_name = %(value)s and number > %(after)s order by group_name, number limit %(scan)s;

-- name: by_target
select number from operation where hashtextextended(target, 0) = any(array(select hashtextextended(one, 0) from unnest(%(value)s::text[]) as one))
    and target = any(%(value)s) and number > %(after)s order by number limit %(scan)s;

-- name: by_open_target
select number from operation where hashtextextended(target, 0) = any(array(select hashtextextended(one, 0) from unnest(%(value)s::text[]) as one))
    and target = any(%(value)s) and open and number > %(after)s order by number limit %(scan)s;

-- name: by_open_batch
select number from operation where open and batch = %(value)s and number > %(after)s order by batch, number limit %(scan)s;

-- name: by_claim
select number from operation where owner is not null and number > %(after)s order by number limit %(scan)s;

-- name: by_listed
select number from operation where (open or acknowledged_at is null) and number > %(after)s order by number limit %(scan)s;

-- name: by_file
-- 7: failed.
select number from operation
where (open or acknowledged_at is null) and sha256(file) = sha256(%(value)s) and (open or status = 7) and number > %(after)s
order by sha256(file), number limit %(scan)s;

-- name: by_open
select number from operation where open and number > %(after)s order by number limit %(scan)s;

-- name: by_prefix
select number from (select number from operation where id >= %(low)s and id < %(high)s limit %(scan)s) as ids
union
select number from (select number from operation where batch >= %(low)s and batch < %(high)s limit %(scan)s) as batches
limit %(scan)s;

-- name: by_due
select number from operation where due is not null and owner is null and due > %(due_after)s
union all
select number from operation where owner is not null and due > %(due_after)s
limit %(scan)s;

-- name: by_number
select number from operation where number > %(after)s order by number limit %(scan)s;

-- name: find
-- Each filter that is null lets everything pass; the candidates were found by an index and are few.
select {columns} from operation
where number = any(%(candidates)s)
    and (%(batch)s::text is null or batch = %(batch)s)
    and (%(group_name)s::text is null or group_name = %(group_name)s)
    and (%(grouped)s::boolean is null or (group_name is not null) = %(grouped)s)
    and (%(reason)s::text is null or reason = %(reason)s)
    and (%(targets)s::text[] is null or target = any(%(targets)s))
    and (%(open)s::boolean is null or open = %(open)s)
    and (%(claimed)s::boolean is null or (owner is not null) = %(claimed)s)
    and (%(listed)s::boolean is null or (open or acknowledged_at is null) = %(listed)s)
    and (%(due_after)s::bigint is null or due > %(due_after)s)
    and (%(reads)s::bytea is null or (file = %(reads)s and (open or (status = 7 and acknowledged_at is null))))
    and (%(low)s::text is null or (id >= %(low)s and id < %(high)s) or (batch >= %(low)s and batch < %(high)s))
    and (%(numbers)s::bigint[] is null or number = any(%(numbers)s))
    and (%(ids)s::text[] is null or id = any(%(ids)s) or batch = any(%(ids)s))
    and (%(statuses)s::integer[] is null or status = any(%(statuses)s))
    and metadata @> %(metadata)s::text[]
order by number limit %(limit)s;

-- name: checkpoint
select session, confirmed, prefix_length, prefix_crc from checkpoint where number = %(number)s;

-- name: events
select seq, id, time, type, operation, batch, round, data from event
where seq > %(after)s and seq <= %(upto)s and (%(types)s::text[] is null or type = any(%(types)s))
order by seq limit %(limit)s;

-- name: last_event
select coalesce(max(seq), 0) from event;

-- name: events_of_operation
select seq, id, time, type, operation, batch, round, data from event
where operation = %(value)s and seq > %(after)s order by operation, seq limit %(limit)s;

-- name: events_of_batch
select seq, id, time, type, operation, batch, round, data from event
where batch = %(value)s and seq > %(after)s order by batch, seq limit %(limit)s;

-- name: todos
select kind, about, payload, due, tries, version from todo where due <= %(now)s order by due, kind, about limit %(limit)s;

-- name: todos_of_kind
select kind, about, payload, due, tries, version from todo where kind = %(kind)s and due <= %(now)s order by kind, due, about limit %(limit)s;

-- name: notes
-- By the beginning of the key, which an index holds, and then by the whole of it.
select key, value, version from note where kind = %(kind)s and left(key, 500) >= left(%(after)s, 500) and key > %(after)s
order by left(key, 500), key limit %(limit)s;

-- name: named_notes
select key, value, version from note where kind = %(kind)s
    and digest = any(array(select sha256(convert_to(one, 'UTF8')) from unnest(%(keys)s::text[]) as one));
