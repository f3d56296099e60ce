-- A journal as schema 1 left it: three operations, one of them claimed with a checkpoint, a to-do and a note.
-- Frozen: later schemas are measured by whether they can take this over.

pragma auto_vacuum = incremental;
pragma application_id = 1936027236;
pragma user_version = 1;

BEGIN TRANSACTION;
CREATE TABLE checkpoint (
    number integer primary key,
    session blob,
    confirmed integer not null
);
INSERT INTO "checkpoint" VALUES(2,X'73657373696F6E',4096);
CREATE TABLE event (
    seq integer primary key autoincrement,
    id text not null,
    time integer not null,
    type text not null,
    operation text not null,
    batch text not null,
    round integer not null,
    data text not null
);
INSERT INTO "event" VALUES(1,'created of waits',1800000000000000,'created','waits','batch',1,'{}');
INSERT INTO "event" VALUES(2,'created of runs',1800000000000000,'created','runs','batch',1,'{}');
INSERT INTO "event" VALUES(3,'created of ended',1800000000000000,'created','ended','batch',1,'{}');
CREATE TABLE journal (
    name text primary key,
    value text not null
) without rowid;
INSERT INTO "journal" VALUES('id','0190aaaa-0000-7000-8000-000000000001');
INSERT INTO "journal" VALUES('machine','');
CREATE TABLE note (
    kind text not null,
    key text not null,
    value text not null,
    version integer not null,
    primary key (kind, key)
) without rowid;
INSERT INTO "note" VALUES('cursor','sink','{"seq":3}',1);
CREATE TABLE operation (
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
INSERT INTO "operation" VALUES(1,'waits','batch',1,0,NULL,1,0,NULL,NULL,0,'1|0|0||https://a.example:443',1.0,'',1800000000000000,NULL,0,1,NULL,0,1800000000000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"url":"https://a.example/waits","source":{"path":"/files/waits"},"metadata":{"order":1},"transport":"http","root":"https://a.example/","name":"waits"}','{}',NULL,NULL,NULL);
INSERT INTO "operation" VALUES(2,'runs','batch',2,1,'somebody',1,0,NULL,NULL,0,'1|0|0||https://a.example:443',2.0,'',1800000000000000,NULL,0,1,NULL,0,1800000000000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"url":"https://a.example/runs","source":{"path":"/files/runs"},"metadata":{"order":2},"transport":"http","root":"https://a.example/","name":"runs"}','{}',NULL,NULL,NULL);
INSERT INTO "operation" VALUES(3,'ended','batch',1,0,NULL,1,0,NULL,NULL,0,'1|0|0||https://a.example:443',3.0,'',NULL,NULL,0,0,NULL,0,1800000000000000,NULL,1800000000000000,NULL,NULL,NULL,NULL,NULL,'{"url":"https://a.example/ended","source":{"path":"/files/ended"},"metadata":{"order":3},"transport":"http","root":"https://a.example/","name":"ended"}','{}',NULL,NULL,NULL);
CREATE TABLE todo (
    about text not null,
    kind text not null,
    payload text not null,
    due integer not null,
    tries integer not null,
    version integer not null,
    primary key (about, kind)
) without rowid;
INSERT INTO "todo" VALUES('ended','abort','{"a":1}',5,0,1);
CREATE UNIQUE INDEX operation_by_id on operation (id);
CREATE INDEX operation_by_batch on operation (batch);
CREATE INDEX operation_by_status on operation (status);
CREATE INDEX operation_by_group on operation (group_name) where group_name is not null;
CREATE INDEX operation_by_target on operation (target, open, holds_target) where target is not null;
CREATE INDEX operation_claimed on operation (owner) where owner is not null;
CREATE INDEX operation_open on operation (open) where open = 1;
CREATE INDEX operation_listed on operation (number) where open = 1 or acknowledged_at is null;
CREATE INDEX operation_finished on operation (finished_at) where open = 0;
CREATE INDEX operation_waiting_by_rank on operation (lane, rank, due) where due is not null and owner is null;
CREATE INDEX operation_waiting_in_lane on operation (lane, due) where due is not null and owner is null;
CREATE INDEX operation_waiting on operation (due) where due is not null and owner is null;
CREATE INDEX event_by_operation on event (operation);
CREATE INDEX event_by_batch on event (batch);
CREATE INDEX todo_by_due on todo (due);
CREATE INDEX todo_by_kind on todo (kind, due);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('operation',3);
INSERT INTO "sqlite_sequence" VALUES('event',3);
COMMIT;
