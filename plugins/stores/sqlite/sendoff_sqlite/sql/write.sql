-- name: last_number
select seq from sqlite_sequence where name = 'operation';

-- name: reserve_number
-- The table's own counter, so that no operation is given this one; there is no row of it before the first.
update sqlite_sequence set seq = :number where name = 'operation';

-- name: first_number
insert into sqlite_sequence (name, seq) values ('operation', :number);

-- name: last_seq
select seq from sqlite_sequence where name = 'event';

-- name: insert_operation
insert into operation (
    number, id, batch, version, epoch, owner, round, status, reason, want, point, lane, rank, site, due, target, holds_target,
    open, group_name, priority, created_at, started_at, finished_at, acknowledged_at, environment, reason_text, needs, sealed,
    spec, tally, response, error, receipt, file
) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: insert_event
insert into event (seq, id, time, type, operation, batch, round, data) values (?, ?, ?, ?, ?, ?, ?, ?);

-- name: update_operation
-- {assignments}: `column = ?`, one for each field; the last parameter may be null: any epoch will do.
update operation set {assignments} version = version + 1
where number = ? and version = ? and epoch = coalesce(?, epoch)
returning version, want;

-- name: standing
select version, epoch, want from operation where number = ?;

-- name: save_checkpoint
insert or replace into checkpoint (number, session, confirmed, prefix_length, prefix_crc) values (?, ?, ?, ?, ?);

-- name: drop_checkpoint
delete from checkpoint where number = ?;

-- name: todo_version
select version from todo where about = ? and kind = ?;

-- name: save_todo
insert or replace into todo (about, kind, payload, due, tries, version) values (?, ?, ?, ?, ?, ?);

-- name: drop_todo
delete from todo where about = ? and kind = ?;

-- name: note_version
select version from note where kind = ? and key = ?;

-- name: save_note
insert or replace into note (kind, key, value, version) values (?, ?, ?, ?);

-- name: drop_note
delete from note where kind = ? and key = ?;
