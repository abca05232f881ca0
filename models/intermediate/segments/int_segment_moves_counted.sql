-- How many customers were in one segment on a day of the history, and in which they were 0, 1, 3 and 12 months later, with their
-- value on both days; and of the same day (span 0), how many churned within the outcome window from it.
{%- set days = history_days() %}
{%- set pairs = [] %}
{%- for span in [1, 3, 12] %}
    {%- for number in days.values() if number + span in days.values() %}{% do pairs.append((span, number + span, number)) %}{% endfor %}
{%- endfor %}

with placed as (
    select * from {{ ref('int_segment_history_placed') }}
),

histories as (
    select * from {{ ref('int_segment_histories') }}
),

days as (
    select * from {{ ref('int_history_days') }}
),

spans as (
    {{ days_in_one_row('days', 'month_number', days) }}
),

-- segments of all schemes at once
moves as (
    select
        0 as span_months,
        month_number as from_number,
        month_number as to_number,
        segment_codes as from_codes,
        segment_codes as to_codes,
        count(*) as customers_count,
        count(is_churned) as outcome_known_count,
        count(*) filter (where is_churned) as outcome_churned_count,
        count(clv_amount) as from_valued_count,
        sum(clv_amount) as from_clv_amount,
        count(clv_amount) as to_valued_count,
        sum(clv_amount) as to_clv_amount
    from placed
    group by month_number, segment_codes
    {%- for span, from_number, to_number in pairs %}
    {%- set from_day, to_day = 'month_' ~ from_number, 'month_' ~ to_number %}
    union all
    select
        {{ span }} as span_months,
        {{ from_number }} as from_number,
        {{ to_number }} as to_number,
        coalesce(
            histories.{{ from_day }}_segment_codes,
            case when histories.first_started_on <= spans.{{ from_day }}_observed_on then 'churned' else 'not_yet' end
        ) as from_codes,
        coalesce(histories.{{ to_day }}_segment_codes, case when histories.ends_otherwise then 'ended' else 'churned' end) as to_codes,
        count(*) as customers_count,
        0 as outcome_known_count,
        0 as outcome_churned_count,
        count(histories.{{ from_day }}_clv_amount) as from_valued_count,
        sum(histories.{{ from_day }}_clv_amount) as from_clv_amount,
        count(histories.{{ to_day }}_clv_amount) as to_valued_count,
        sum(histories.{{ to_day }}_clv_amount) as to_clv_amount
    from histories
    cross join spans
    where histories.{{ from_day }}_segment_codes is not null or histories.{{ to_day }}_segment_codes is not null
    group by all
    {%- endfor %}
),

by_scheme as (
    {%- for scheme in exclusive_schemes() %}
    {%- set place = loop.index %}
    select
        '{{ scheme }}' as segment_scheme,
        span_months,
        from_number,
        to_number,
        {%- for side in ['from', 'to'] %}
        -- a state is one word, whatever the scheme
        case when {{ side }}_codes like concat('%', chr(9), '%') then split_part({{ side }}_codes, chr(9), {{ place }}) else {{ side }}_codes end
            as {{ side }}_segment_code,
        {%- endfor %}
        sum(customers_count) as customers_count,
        sum(outcome_known_count) as outcome_known_count,
        sum(outcome_churned_count) as outcome_churned_count,
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
        cast(by_scheme.outcome_known_count as bigint) as outcome_known_count,
        cast(by_scheme.outcome_churned_count as bigint) as outcome_churned_count,
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
