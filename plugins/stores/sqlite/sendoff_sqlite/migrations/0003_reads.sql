-- Before a file is let go of, it is asked whether another upload may still read it; `sendoff.Query` calls that `reads`.
-- A path as bytes, because it need not be UTF-8.

alter table operation add column file blob;

update operation set file = cast(json_extract(spec, '$.source.path') as blob) where open = 1 or acknowledged_at is null;

create index operation_by_file on operation (file) where open = 1 or acknowledged_at is null;
