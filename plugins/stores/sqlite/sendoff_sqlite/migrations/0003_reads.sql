-- Before a file is let go of, it is asked whether another upload may still read it; `sendoff.Query` calls that `reads`.

create index operation_listed_by_file on operation (json_extract(spec, '$.source.path')) where open = 1 or acknowledged_at is null;
