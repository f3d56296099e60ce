-- The first tables. Times are microseconds since 1970, UTC. Documents are JSON as `sendoff.encode` writes it, without defaults, in columns of
-- text: `jsonb` takes neither half of a character nor a zero, and both occur in names of files. Text that is compared is compared by code point.
-- An entry of an index has room for 2700 bytes: addresses, paths and the keys of notes may be longer, so they are found by a hash.

create table journal (
    name text collate "C" primary key,
    value text not null
);

-- Whoever writes holds this one row until its commit is seen: numbers and positions are given in the order of the commits.
create table counter (
    number bigint not null,
    seq bigint not null
);
insert into counter values (0, 0);

-- The last commit of each process, written in it: whether one took place is known even where its answer was lost.
create table writer (
    name uuid primary key,
    mark uuid not null,
    at timestamptz not null
);

create table operation (
    number bigint primary key,
    id text collate "C" not null,
    batch text collate "C" not null,
    version bigint not null,
    epoch bigint not null,
    owner text collate "C",
    round bigint not null,
    status integer not null,
    reason text collate "C",
    want text collate "C",
    point boolean not null,
    lane text collate "C" not null,
    rank double precision not null,
    site text not null,
    due bigint,
    target text collate "C",
    holds_target boolean not null,
    open boolean not null,
    group_name text collate "C",
    priority integer not null,
    created_at bigint not null,
    started_at bigint,
    finished_at bigint,
    acknowledged_at bigint,
    environment text collate "C",
    reason_text text,
    needs text,
    sealed bytea,
    spec text not null,
    tally text not null,
    response text,
    error text,
    receipt text,
    file bytea not null,       -- the path of the source; it need not be UTF-8
    metadata text[] not null   -- each `["key",value]` of the spec's, as JSON
);

create unique index operation_by_id on operation (id);
create index operation_by_batch on operation (batch, number);
create index operation_by_status on operation (status, number);
create index operation_by_group on operation (group_name, number) where group_name is not null;
create index operation_by_target on operation (hashtextextended(target, 0), open, holds_target) where target is not null;
create index operation_claimed on operation (number) where owner is not null;
create index operation_open on operation (number) where open;
create index operation_open_in_batch on operation (batch, number) where open;
create index operation_listed on operation (number) where open or acknowledged_at is null;
create index operation_by_file on operation (sha256(file), number) where open or acknowledged_at is null;
create index operation_by_environment on operation (environment) where environment is not null;
create index operation_finished on operation (finished_at) where not open;

-- What waits to be started: the first by place in its lane, the second for lanes with something due, the third for the next moment to wake.
create index operation_waiting_by_rank on operation (lane, rank, number, due) where due is not null and owner is null;
create index operation_waiting_in_lane on operation (lane, due) where due is not null and owner is null;
create index operation_waiting on operation (due) where due is not null and owner is null;
create index operation_claimed_due on operation (due) where owner is not null;

create table checkpoint (
    number bigint primary key,
    session bytea,
    confirmed bigint not null,
    prefix_length bigint,
    prefix_crc bigint
);

create table event (
    seq bigint primary key,
    id text not null,
    time bigint not null,
    type text collate "C" not null,
    operation text collate "C" not null,
    batch text collate "C" not null,
    round bigint not null,
    data text not null
);

create index event_by_operation on event (operation, seq);
create index event_by_batch on event (batch, seq);

create table todo (
    about text collate "C" not null,
    kind text collate "C" not null,
    payload text not null,
    due bigint not null,
    tries bigint not null,
    version bigint not null,
    primary key (about, kind)
);

create index todo_by_due on todo (due, kind, about);
create index todo_by_kind on todo (kind, due, about);

create table note (
    kind text collate "C" not null,
    digest bytea not null,     -- sha256 of the key
    key text collate "C" not null,
    value text not null,
    version bigint not null,
    primary key (kind, digest)
);

create index note_in_order on note (kind, left(key, 500));
