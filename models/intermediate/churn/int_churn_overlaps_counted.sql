-- For each pair of churn definitions, how many customers have churned by both, by one, or by none on the as-of date; of those
-- whom the first flagged, how many closed within 90, 180 and 365 days; and how long before the second the first flags customers.
-- Each customer counts from the first day on which a definition flagged the customer, after closings are recorded.
-- depends_on: {{ ref('int_input_findings') }}, so that nothing is measured on an implausible extract
{%- set follow_up_days = [90, 180, 365] %}
with as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

chosen as (
    select * from {{ ref('int_churn_definition_chosen') }}
),

recorded as (
    select * from {{ ref('int_closings_recorded') }}
),

-- neither customers who had not joined, nor those who died or were closed by the bank
customers as (
    select
        customers.customer_id,
        case when customers.closed_on <= as_of.as_of_date then customers.closed_on end as closed_on
    from {{ ref('int_customers_conformed') }} as customers
    inner join {{ ref('int_customers_churned') }} as churned on customers.customer_id = churned.customer_id
    cross join as_of
    where not churned.is_future and not churned.is_ended_otherwise
),

-- the day after which closings count as recorded; null without closings
closings as (
    select coalesce(
        max(case when not chosen.can_return then recorded.recorded_after end), min(customers.closed_on)
    ) as recorded_after
    from customers
    cross join chosen
    left join recorded on true
    having count(customers.closed_on) > 0
),

-- short keys for long groups
definitions as (
    select
        churn_definition_code,
        row_number() over (order by churn_definition_code) as definition_number
    from (select distinct churn_definition_code from {{ ref('int_churn_definitions_dated') }}) as codes
),

states as (
    select
        definitions.definition_number,
        dated.customer_id,
        dated.is_churned
    from {{ ref('int_churn_definitions_dated') }} as dated
    inner join definitions on dated.churn_definition_code = definitions.churn_definition_code
    inner join customers on dated.customer_id = customers.customer_id
    where dated.is_latest and dated.is_churned is not null
),

flagged as (
    select
        definitions.definition_number,
        dated.customer_id,
        customers.closed_on,
        min(dated.changed_on) as flagged_on
    from {{ ref('int_churn_definitions_dated') }} as dated
    inner join definitions on dated.churn_definition_code = definitions.churn_definition_code
    inner join customers on dated.customer_id = customers.customer_id
    cross join closings
    where dated.is_churned and dated.changed_on > closings.recorded_after
    group by definitions.definition_number, dated.customer_id, customers.closed_on
),

-- customers with the same states are counted once, before the pairs: the pattern has a digit for each definition, and doubles hold
-- 33 of them exactly
patterns_told as (
    select
        customer_id,
        sum(cast(case when is_churned then 2 else 1 end * power(3, definition_number - 1) as decimal(38, 0))) as pattern
    from states
    group by customer_id
),

patterns as (
    select
        min(customer_id) as customer_id,
        count(*) as customers_count
    from patterns_told
    group by pattern
),

patterned as (
    select
        states.definition_number,
        states.customer_id,
        states.is_churned,
        patterns.customers_count
    from states
    inner join patterns on states.customer_id = patterns.customer_id
),

{%- set counts = {
    'known_outcome': 'true',
    'both': 'first_states.is_churned and second_states.is_churned',
    'first_only': 'first_states.is_churned and not second_states.is_churned',
    'second_only': 'not first_states.is_churned and second_states.is_churned',
    'neither': 'not first_states.is_churned and not second_states.is_churned',
} %}

pairs as (
    select
        first_states.definition_number as first_number,
        second_states.definition_number as second_number
        {%- for name, condition in counts.items() %},
        cast(sum(case when {{ condition }} then first_states.customers_count else 0 end) as bigint) as {{ name }}_count
        {%- endfor %}
    from patterned as first_states
    inner join patterned as second_states
        on
            first_states.customer_id = second_states.customer_id
            and first_states.definition_number <> second_states.definition_number
    group by first_states.definition_number, second_states.definition_number
),

-- a customer who is flagged by closing has nothing left to close
followed as (
    select
        flagged.definition_number
        {%- for days in follow_up_days %},
        {%- set followed_until = date_shifted('flagged.flagged_on', days, 'day') %}
        count(*) filter (where {{ followed_until }} <= as_of.as_of_date) as followed_{{ days }}_days_count,
        count(*) filter (
            where {{ followed_until }} <= as_of.as_of_date and flagged.closed_on <= {{ followed_until }}
        ) as closed_{{ days }}_days_count
        {%- endfor %}
    from flagged
    cross join as_of
    where coalesce(flagged.flagged_on < flagged.closed_on, true)
    group by flagged.definition_number
),

-- from the day of the first flag to that of the second, to the closing, or to the as-of date; without customers whom the second
-- flagged already
ahead as (
    select
        flagged.definition_number as first_number,
        definitions.definition_number as second_number,
        flagged.customer_id,
        flagged.flagged_on,
        flagged.closed_on,
        min(case when dated.is_churned and dated.changed_on > flagged.flagged_on then dated.changed_on end) as second_on
    from flagged
    inner join {{ ref('int_churn_definitions_dated') }} as dated on flagged.customer_id = dated.customer_id
    inner join definitions
        on
            dated.churn_definition_code = definitions.churn_definition_code
            and flagged.definition_number <> definitions.definition_number
    group by
        flagged.definition_number, definitions.definition_number, flagged.customer_id, flagged.flagged_on, flagged.closed_on
    having not bool_or(
        dated.is_churned
        and coalesce(dated.changed_on <= flagged.flagged_on, true)
        and coalesce(dated.next_changed_on > flagged.flagged_on, true)
    )
),

leads as (
    select
        ahead.first_number,
        ahead.second_number,
        {{ dbt.datediff(
            'ahead.flagged_on', 'least(coalesce(ahead.second_on, as_of.as_of_date), coalesce(ahead.closed_on, as_of.as_of_date))', 'day'
        ) }} as lead_days,
        coalesce(ahead.second_on <= coalesce(ahead.closed_on, as_of.as_of_date), false) as is_followed
    from ahead
    cross join as_of
    where coalesce(ahead.flagged_on < ahead.closed_on, true)
),

lead_counts as (
    select
        first_number,
        second_number,
        lead_days,
        count(*) as ended_count,
        count(*) filter (where is_followed) as followed_count
    from leads
    group by first_number, second_number, lead_days
),

lead_days as (
    select
        first_number,
        second_number,
        lead_days,
        followed_count,
        sum(ended_count) over (
            partition by first_number, second_number
            order by lead_days desc rows between unbounded preceding and current row
        ) as at_risk_count
    from lead_counts
),

-- Kaplan-Meier, as a product of logarithms; a day that nobody survives ends the curve
survived as (
    select
        *,
        sum(ln(nullif(1.0 - cast(followed_count as double) / at_risk_count, 0.0))) over days_so_far as log_survival,
        max(case when followed_count = at_risk_count then 1 else 0 end) over days_so_far as is_ended
    from lead_days
    window days_so_far as (
        partition by first_number, second_number
        order by lead_days rows between unbounded preceding and current row
    )
),

medians as (
    select
        first_number,
        second_number,
        cast(max(at_risk_count) as bigint) as led_count,
        cast(min(case when is_ended = 1 or log_survival <= ln(0.5) + 1e-9 then lead_days end) as double) as median_lead_days
    from survived
    group by first_number, second_number
),

final as (
    select
        first_definitions.churn_definition_code as first_definition_code,
        second_definitions.churn_definition_code as second_definition_code,
        {%- for name in counts %}
        pairs.{{ name }}_count,
        {%- endfor %}
        {%- for days in follow_up_days %}
        coalesce(followed.followed_{{ days }}_days_count, 0) as followed_{{ days }}_days_count,
        coalesce(followed.closed_{{ days }}_days_count, 0) as closed_{{ days }}_days_count,
        {%- endfor %}
        coalesce(medians.led_count, 0) as led_count,
        medians.median_lead_days
    from pairs
    inner join definitions as first_definitions on pairs.first_number = first_definitions.definition_number
    inner join definitions as second_definitions on pairs.second_number = second_definitions.definition_number
    left join followed on pairs.first_number = followed.definition_number
    left join medians on pairs.first_number = medians.first_number and pairs.second_number = medians.second_number
)

select * from final
