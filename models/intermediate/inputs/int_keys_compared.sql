-- Keys that are the same but for leading zeros, case, blanks or the form of letters: of customers those that another has,
-- of events those of unknown customers that a known one has.
with known as (
    select {{ alike_key('customer_id') }} as alike from {{ ref('int_customers_conformed') }}
),

unknown as (
    select
        entity_name,
        {{ alike_key('customer_id') }} as alike,
        count(*) as row_count
    from {{ ref('int_rows_judged') }}
    where rule_code = 'unknown_customer'
    group by entity_name, customer_id
),

alike_customers as (
    select count(*) as row_count
    from known
    group by alike
    having count(*) > 1
),

found as (
    select distinct alike from known
    where alike in (select unknown.alike from unknown)
),

compared as (
    select
        'customers' as entity_name,
        cast(0 as bigint) as unknown_count,
        cast(coalesce(sum(row_count), 0) as bigint) as alike_count
    from alike_customers
    union all
    select
        unknown.entity_name,
        cast(sum(unknown.row_count) as bigint) as unknown_count,
        cast(coalesce(sum(case when found.alike is not null then unknown.row_count end), 0) as bigint) as alike_count
    from unknown
    left join found on unknown.alike = found.alike
    group by unknown.entity_name
)

select * from compared
