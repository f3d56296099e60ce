-- A checkpoint remembers length and CRC32 of the confirmed prefix, so that a remount does not cost the confirmed bytes;
-- forgetting looks for whoever else still refers to an environment; and at the end of each operation it is asked
-- whether anything of its batch is open.

alter table checkpoint add column prefix_length integer;
alter table checkpoint add column prefix_crc integer;

create index operation_by_environment on operation (environment) where environment is not null;
create index operation_open_in_batch on operation (batch) where open = 1;
