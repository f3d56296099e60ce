-- name: lanes
-- From lane to lane by the index, two steps each, however many wait in one.
with recursive lane_of (key) as (
    select (
        select lane from operation indexed by operation_waiting_in_lane
        where due is not null and owner is null and lane > :after order by lane limit 1
    )
    union all
    select (
        select lane from operation indexed by operation_waiting_in_lane
        where due is not null and owner is null and lane > lane_of.key order by lane limit 1
    )
    from lane_of where lane_of.key is not null
),
earliest (key, since) as (
    select key, (
        select due from operation indexed by operation_waiting_in_lane
        where due is not null and owner is null and lane = lane_of.key order by due limit 1
    )
    from lane_of where key is not null
)
select key, since from earliest where since <= :now limit :limit;

-- name: due_count
-- Counted only as far as it matters.
select count(*) from (
    select 1 from operation indexed by operation_waiting_in_lane
    where due is not null and owner is null and lane = :lane and due <= :now limit :enough
);

-- name: due_by_rank
-- Many are due: walk the lane in order until enough are found.
select {columns} from operation as one indexed by operation_waiting_by_rank
where due is not null and owner is null and lane = :lane and due <= :now and not exists (
    select 1 from operation as earlier indexed by operation_by_target
    where earlier.target = one.target and earlier.open = 1 and earlier.holds_target = 1 and earlier.number < one.number
)
order by rank, number limit :limit;

-- name: due_in_lane
-- Few are due, perhaps among very many that are not: take those few and sort them.
select {columns} from operation as one indexed by operation_waiting_in_lane
where due is not null and owner is null and lane = :lane and due <= :now and not exists (
    select 1 from operation as earlier indexed by operation_by_target
    where earlier.target = one.target and earlier.open = 1 and earlier.holds_target = 1 and earlier.number < one.number
)
order by rank, number limit :limit;

-- name: lowest_rank
select rank from operation indexed by operation_waiting_by_rank
where due is not null and owner is null and lane = :lane order by rank limit 1;

-- name: rank_below
select rank from operation indexed by operation_waiting_by_rank
where due is not null and owner is null and lane = :lane and rank < :below order by rank desc limit 1;

-- name: wake
select due from operation indexed by operation_waiting
where due is not null and owner is null and due > :now order by due limit 1;
