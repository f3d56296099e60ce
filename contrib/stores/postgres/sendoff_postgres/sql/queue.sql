-- name: lanes
-- From lane to lane by the index, two steps each, however many wait in one.
with recursive lane_of (key) as (
    select (
        select lane from operation
        where due is not null and owner is null and lane > %(after)s order by lane limit 1
    )
    union all
    select (
        select lane from operation
        where due is not null and owner is null and lane > lane_of.key order by lane limit 1
    )
    from lane_of where lane_of.key is not null
),
earliest (key, since) as (
    select key, (
        select due from operation
        where due is not null and owner is null and lane = lane_of.key order by due limit 1
    )
    from lane_of where key is not null
)
select key, since from earliest where since <= %(now)s limit %(limit)s;

-- name: due_count
-- Counted only as far as it matters.
select count(*) from (
    select 1 from operation
    where due is not null and owner is null and lane = %(lane)s and due <= %(now)s limit %(enough)s
) as few;

-- name: due_by_rank
-- Many are due: walk the lane in order until enough are found. `offset 0`: whoever is earlier is looked up for one after the other, and not for all.
select {columns} from operation as one
where due is not null and owner is null and lane = %(lane)s and due <= %(now)s and not exists (
    select 1 from operation as earlier
    where hashtextextended(earlier.target, 0) = hashtextextended(one.target, 0) and earlier.target = one.target
        and earlier.open and earlier.holds_target and earlier.number < one.number
    offset 0
)
order by rank, number limit %(limit)s;

-- name: due_in_lane
-- Few are due, perhaps among very many that are not: take those few and sort them.
with few as materialized (
    select * from operation as one
    where due is not null and owner is null and lane = %(lane)s and due <= %(now)s and not exists (
        select 1 from operation as earlier
        where hashtextextended(earlier.target, 0) = hashtextextended(one.target, 0) and earlier.target = one.target
        and earlier.open and earlier.holds_target and earlier.number < one.number
        offset 0
    )
)
select {columns} from few order by rank, number limit %(limit)s;

-- name: lowest_rank
select rank from operation where due is not null and owner is null and lane = %(lane)s order by rank limit 1;

-- name: rank_below
select rank from operation
where due is not null and owner is null and lane = %(lane)s and rank < %(below)s order by rank desc limit 1;

-- name: wake
select due from operation where due is not null and owner is null and due > %(now)s order by due limit 1;
