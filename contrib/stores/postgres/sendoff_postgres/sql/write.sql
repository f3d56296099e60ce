-- name: lock
-- From here to the end of its transaction whoever asks is the only one that writes, in this process or any other.
select number, seq from counter for update;

-- name: mark
select mark from writer where name = %(name)s;

-- name: standing
select number, version, epoch, want from operation where number = any(%(numbers)s);

-- name: operations_by_id
select {columns} from operation where id = any(%(ids)s);

-- name: todo_versions
select about, kind, version from todo where (about, kind) in (select * from unnest(%(abouts)s::text[], %(kinds)s::text[]));

-- name: note_versions
select kind, key, version from note where (kind, digest) in (
    select one.kind, sha256(convert_to(one.key, 'UTF8')) from unnest(%(kinds)s::text[], %(keys)s::text[]) as one (kind, key)
);

-- name: insert_operation
insert into operation ({columns}, file, metadata) values ({values});

-- name: update_operation
-- {assignments}: `column = %s`, one for each field.
update operation set {assignments} version = %s where number = %s;

-- name: save_checkpoint
insert into checkpoint (number, session, confirmed, prefix_length, prefix_crc) values (%s, %s, %s, %s, %s)
on conflict (number) do update set (session, confirmed, prefix_length, prefix_crc)
    = (excluded.session, excluded.confirmed, excluded.prefix_length, excluded.prefix_crc);

-- name: drop_checkpoint
delete from checkpoint where number = %s;

-- name: save_todo
insert into todo (about, kind, payload, due, tries, version) values (%s, %s, %s, %s, %s, %s)
on conflict (about, kind) do update set (payload, due, tries, version) = (excluded.payload, excluded.due, excluded.tries, excluded.version);

-- name: drop_todo
delete from todo where about = %s and kind = %s;

-- name: save_note
insert into note (kind, digest, key, value, version)
select kind, sha256(convert_to(key, 'UTF8')), key, value, version from (values (%s::text, %s::text, %s::text, %s::bigint)) as one (kind, key, value, version)
on conflict (kind, digest) do update set (value, version) = (excluded.value, excluded.version);

-- name: drop_note
delete from note where kind = %s and digest = sha256(convert_to(%s, 'UTF8'));

-- name: insert_event
insert into event (seq, id, time, type, operation, batch, round, data) values (%s, %s, %s, %s, %s, %s, %s, %s);

-- name: count
update counter set number = %(number)s, seq = %(seq)s;

-- name: sign
insert into writer (name, mark, at) values (%(name)s, %(mark)s, now()) on conflict (name) do update set mark = excluded.mark, at = excluded.at;

-- name: leave
-- With it go those that never said that they leave.
delete from writer where name = %(name)s or at < now() - interval '30 days';
