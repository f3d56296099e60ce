-- The first tables. Times are microseconds since 1970, UTC. Documents are JSON as `sendoff.encode` writes it, without
-- defaults; so is a text that may hold bytes of a file name (`reason_text`), for only JSON carries those that are not UTF-8.

create table journal (
    name text primary key,
    value text not null
) without rowid;

create table operation (
    number integer primary key autoincrement,  -- never given twice, whatever is forgotten
    id text not null,
    batch text not null,
    version integer not null,
    epoch integer not null,
    owner text,
    round integer not null,
    status integer not null,
    reason text,
    want text,
    point integer not null,
    lane text not null,
    rank real not null,
    site text not null,
    due integer,
    target text,
    holds_target integer not null,
    open integer not null,
    group_name text,
    priority integer not null,
    created_at integer not null,
    started_at integer,
    finished_at integer,
    acknowledged_at integer,
    environment text,
    reason_text text,
    needs text,
    sealed blob,
    spec text not null,
    tally text not null,
    response text,
    error text,
    receipt text
);

create unique index operation_by_id on operation (id);
create index operation_by_batch on operation (batch);
create index operation_by_status on operation (status);
create index operation_by_group on operation (group_name) where group_name is not null;
create index operation_by_target on operation (target, open, holds_target) where target is not null;
create index operation_claimed on operation (owner) where owner is not null;
create index operation_open on operation (open) where open = 1;
create index operation_listed on operation (number) where open = 1 or acknowledged_at is null;
create index operation_finished on operation (finished_at) where open = 0;

-- What waits to be started: the first by place in its lane, the second for lanes with something due, the third for the next moment to wake.
create index operation_waiting_by_rank on operation (lane, rank, due) where due is not null and owner is null;
create index operation_waiting_in_lane on operation (lane, due) where due is not null and owner is null;
create index operation_waiting on operation (due) where due is not null and owner is null;

create table checkpoint (
    number integer primary key,
    session blob,
    confirmed integer not null
);

create table event (
    seq integer primary key autoincrement,
    id text not null,
    time integer not null,
    type text not null,
    operation text not null,
    batch text not null,
    round integer not null,
    data text not null
);

create index event_by_operation on event (operation);
create index event_by_batch on event (batch);

create table todo (
    about text not null,
    kind text not null,
    payload text not null,
    due integer not null,
    tries integer not null,
    version integer not null,
    primary key (about, kind)
) without rowid;

create index todo_by_due on todo (due);
create index todo_by_kind on todo (kind, due);

create table note (
    kind text not null,
    key text not null,
    value text not null,
    version integer not null,
    primary key (kind, key)
) without rowid;
