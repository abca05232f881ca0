-- Every matrix of migration closes: its rows add up to the customers of the first day, its columns to those of the second. The
-- last day of the history is the as-of date, whose RFM segments are those of the customers' mart.
with history as (
    select * from {{ ref('segment_history') }}
),

migration as (
    select * from {{ ref('segment_migration') }}
),

sums as (
    {%- for side in ['from', 'to'] %}
    select
        segment_scheme,
        span_months,
        from_on,
        {{ side }}_on as observed_on,
        {{ side }}_segment_code as segment_code,
        sum(customers_count) as customers_count
    from migration
    where {{ side }}_segment_code not in ('not_yet', 'churned', 'ended')
    group by all
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

matrices as (
    {%- for side in ['from', 'to'] %}
    select distinct
        segment_scheme,
        span_months,
        from_on,
        {{ side }}_on as observed_on
    from migration
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

expected as (
    select
        matrices.*,
        history.segment_code,
        history.customers_count
    from matrices
    inner join history on matrices.segment_scheme = history.segment_scheme and matrices.observed_on = history.observed_on
),

open_sums as (
    select
        coalesce(expected.segment_scheme, sums.segment_scheme) as segment_scheme,
        coalesce(expected.observed_on, sums.observed_on) as observed_on,
        coalesce(expected.segment_code, sums.segment_code) as segment_code
    from expected
    full outer join sums
        on
            expected.segment_scheme = sums.segment_scheme
            and expected.span_months = sums.span_months
            and expected.from_on = sums.from_on
            and expected.observed_on = sums.observed_on
            and expected.segment_code = sums.segment_code
    where coalesce(expected.customers_count, 0) <> coalesce(sums.customers_count, 0)
),

latest as (
    select observed_on from {{ ref('int_history_days') }}
    where month_number = 0
),

scored as (
    select
        rfm.rfm_segment,
        rfm.as_of_date,
        count(*) as customers_count
    from {{ ref('rfm_customers') }} as rfm
    inner join {{ ref('int_customers_churned') }} as churned on rfm.customer_id = churned.customer_id
    where rfm.rfm_scheme in (select chosen.rfm_scheme from {{ ref('int_rfm_scheme_chosen') }} as chosen) and churned.is_current
    group by rfm.rfm_segment, rfm.as_of_date
),

last_days as (
    select history.*
    from history
    inner join latest on history.observed_on = latest.observed_on
    where history.segment_scheme = 'rfm' and history.segment_code <> 'none'
),

other_ends as (
    select
        'rfm' as segment_scheme,
        scored.as_of_date as observed_on,
        scored.rfm_segment as segment_code
    from scored
    inner join latest on scored.as_of_date = latest.observed_on
    left join last_days on scored.rfm_segment = last_days.segment_code
    where scored.customers_count <> coalesce(last_days.customers_count, 0)
)

select * from open_sums
union all
select * from other_ends
