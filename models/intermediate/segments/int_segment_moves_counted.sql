-- How many customers were in one segment on a day of the history, and in which they were 0, 1, 3 and 12 months later, with their
-- value on both days.
{%- set numbers = range(number_var('history_months') | int) %}
{%- set pairs = [] %}
{%- for span in [0] + migration_spans() %}
    {%- for number in numbers if number + span in numbers %}{% do pairs.append((span, number + span, number)) %}{% endfor %}
{%- endfor %}

with histories as (
    select * from {{ ref('int_segment_histories') }}
),

days as (
    select * from {{ ref('int_history_days') }}
),

-- all days in one row
spans as (
    select
        {%- for number in numbers %}
        max(observed_on) filter (where month_number = {{ number }}) as observed_on_{{ number }},
        {%- endfor %}
        max(observed_on) as last_observed_on
    from days
),

moves as (
    {%- for span, from_number, to_number in pairs %}
    select
        {{ span }} as span_months,
        {{ from_number }} as from_number,
        {{ to_number }} as to_number,
        {%- for scheme in history_schemes() %}
        case
            when is_at_risk_{{ from_number }} then coalesce({{ scheme }}_{{ from_number }}, 'none')
            when first_started_on <= observed_on_{{ from_number }} then 'churned'
            else 'not_yet'
        end as {{ scheme }}_from,
        case
            when is_at_risk_{{ to_number }} then coalesce({{ scheme }}_{{ to_number }}, 'none')
            when ends_otherwise then 'ended'
            else 'churned'
        end as {{ scheme }}_to,
        {%- endfor %}
        count(*) as customers_count,
        count(clv_amount_{{ from_number }}) as from_valued_count,
        sum(clv_amount_{{ from_number }}) as from_clv_amount,
        count(clv_amount_{{ to_number }}) as to_valued_count,
        sum(clv_amount_{{ to_number }}) as to_clv_amount
    from histories
    cross join spans
    where is_at_risk_{{ from_number }} or is_at_risk_{{ to_number }}
    group by all
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        0 as span_months,
        0 as from_number,
        0 as to_number,
        {%- for scheme in history_schemes() %}
        'none' as {{ scheme }}_from,
        'none' as {{ scheme }}_to,
        {%- endfor %}
        0 as customers_count,
        0 as from_valued_count,
        cast(0 as decimal(18, 2)) as from_clv_amount,
        0 as to_valued_count,
        cast(0 as decimal(18, 2)) as to_clv_amount
    where 1 = 0
    {%- endfor %}
),

by_scheme as (
    {%- for scheme in history_schemes() %}
    select
        '{{ scheme }}' as segment_scheme,
        span_months,
        from_number,
        to_number,
        {{ scheme }}_from as from_segment_code,
        {{ scheme }}_to as to_segment_code,
        sum(customers_count) as customers_count,
        sum(from_valued_count) as from_valued_count,
        sum(from_clv_amount) as from_clv_amount,
        sum(to_valued_count) as to_valued_count,
        sum(to_clv_amount) as to_clv_amount
    from moves
    group by all
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- the days on which a scheme places somebody
seen as (
    select
        segment_scheme,
        from_number as month_number
    from by_scheme
    where span_months = 0
    group by segment_scheme, from_number
    having count(*) > count(*) filter (where from_segment_code = 'none')
),

counted as (
    select
        by_scheme.segment_scheme,
        cast(by_scheme.span_months as bigint) as span_months,
        days_from.observed_on as from_on,
        days_to.observed_on as to_on,
        by_scheme.from_segment_code,
        by_scheme.to_segment_code,
        cast(by_scheme.customers_count as bigint) as customers_count,
        cast(by_scheme.from_valued_count as bigint) as from_valued_count,
        cast(by_scheme.from_clv_amount as decimal(18, 2)) as from_clv_amount,
        cast(by_scheme.to_valued_count as bigint) as to_valued_count,
        cast(by_scheme.to_clv_amount as decimal(18, 2)) as to_clv_amount,
        cast(sum(by_scheme.customers_count) over (
            partition by by_scheme.segment_scheme, by_scheme.span_months, by_scheme.from_number, by_scheme.from_segment_code
        ) as bigint) as from_count
    from by_scheme
    inner join days as days_from on by_scheme.from_number = days_from.month_number
    inner join days as days_to on by_scheme.to_number = days_to.month_number
    inner join seen as seen_from
        on by_scheme.segment_scheme = seen_from.segment_scheme and by_scheme.from_number = seen_from.month_number
    inner join seen as seen_to
        on by_scheme.segment_scheme = seen_to.segment_scheme and by_scheme.to_number = seen_to.month_number
)

select * from counted
