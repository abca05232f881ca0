-- What is implausible in the extract as a whole: `block` keeps it from being published, `warn` does not, and `accepted` is a
-- loss that seed accepted_losses accepts up to its share.
{#- shares of a source's rows, or of a column's values, that are set aside; fewer rows than the count never block -#}
{%- set warning_share, blocking_share, blocking_count = 0.01, 0.1, 10 %}

with losses as (
    select
        set_aside.*,
        accepted_losses.acceptance_reason,
        cast(set_aside.quarantined_count as double) / set_aside.value_count as lost_share,
        case
            when set_aside.quarantined_count <= accepted_losses.maximum_share * set_aside.value_count then 'accepted'
            when
                set_aside.quarantined_count >= {{ blocking_share }} * set_aside.value_count
                and set_aside.quarantined_count >= {{ blocking_count }}
                then 'block'
            when set_aside.quarantined_count >= {{ warning_share }} * set_aside.value_count then 'warn'
        end as severity
    from {{ ref('int_rows_set_aside') }} as set_aside
    left join {{ ref('accepted_losses') }} as accepted_losses
        on
            set_aside.entity_name = accepted_losses.entity_name
            and set_aside.rule_code = accepted_losses.rule_code
            and coalesce(set_aside.column_name, '') = coalesce(accepted_losses.column_name, '')
            and accepted_losses.source_system = {{ sql_literal(var('source_system')) }}
),

-- rules that are harmless alone
losses_together as (
    select
        entity_name,
        sum(quarantined_count) as quarantined_count,
        max(row_count) as row_count
    from losses
    where coalesce(severity, '') <> 'accepted'
    group by entity_name
    having
        count(*) > 1
        and count(*) filter (where severity = 'block') = 0
        and sum(quarantined_count) >= {{ blocking_share }} * max(row_count)
        and sum(quarantined_count) >= {{ blocking_count }}
),

days as (
    select * from {{ ref('int_input_days_judged') }}
),

last_days as (
    select max(happened_on) filter (where not is_far_beyond) as last_plausible_on from days
),

far_days as (
    select
        entity_name,
        column_name,
        sum(value_count) filter (where is_far_beyond) as far_count,
        sum(value_count) as value_count,
        max(happened_on) as last_on
    from days
    -- what closes in the future has not closed yet
    where not is_closing
    group by entity_name, column_name
),

customers as (
    select
        customers.age,
        coalesce(customers.tenure_years, customers.tenure_months / 12) as tenure_years,
        {{ dbt.datediff('customers.joined_on', 'last_days.last_plausible_on', 'day') }} as joined_days
    from {{ ref('int_customers_conformed') }} as customers
    cross join last_days
),

contradictions as (
    {%- for contradiction in [
        ('tenure_years > age', 'age', 'a tenure above their age'),
        ('tenure_years > joined_days / 365.25 + 1', 'joined_days', 'a tenure longer than since they joined'),
    ] %}
    select
        {{ sql_literal(contradiction[2]) }} as contradiction,
        count(*) filter (where {{ contradiction[0] }}) as affected_count,
        count(*) as compared_count
    from customers
    where tenure_years is not null and {{ contradiction[1] }} is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

findings as (
    select
        entity_name,
        'rows_set_aside' as finding_code,
        severity,
        {{ whole_text('quarantined_count') }} || ' of ' || {{ whole_text('value_count') }}
        || case
            when value_count = row_count then ' rows of ' || entity_name else ' values of ' || entity_name || '.' || column_name
        end
        || ' (' || {{ percent_text('lost_share') }} || ') are in quarantine: ' || rule_code
        || coalesce(' in ' || column_name, '') || coalesce(', most often of the form ' || value_shape, '')
        || case
            when similar_count > 0 then '; ' || {{ whole_text('similar_count') }} || ' of them name a customer that exists'
                || ' with other leading zeros or in other case'
            else ''
        end
        || case when severity = 'accepted' then '. Accepted: ' || acceptance_reason else '' end as finding
    from losses
    where severity is not null
    union all
    select
        entity_name,
        'rows_set_aside' as finding_code,
        'block' as severity,
        {{ whole_text('quarantined_count') }} || ' of ' || {{ whole_text('row_count') }} || ' rows of ' || entity_name || ' ('
        || {{ percent_text('cast(quarantined_count as double) / row_count') }} || ') are in quarantine, by several rules'
            as finding
    from losses_together
    union all
    select
        far_days.entity_name,
        'far_beyond' as finding_code,
        {{ "'block'" if var('as_of_date') is none else "'warn'" }} as severity,
        {{ whole_text('far_days.far_count') }} || ' of ' || {{ whole_text('far_days.value_count') }} || ' values of '
        || far_days.entity_name || '.' || far_days.column_name || ' are far beyond all other dates: up to '
        || cast(far_days.last_on as {{ kind_type('text') }}) || ', while the others end on '
        || cast(last_days.last_plausible_on as {{ kind_type('text') }})
        || '. If they are right, set var as_of_date' as finding
    from far_days
    cross join last_days
    where far_days.far_count > 0
    union all
    select
        'customers' as entity_name,
        'contradiction' as finding_code,
        'warn' as severity,
        {{ whole_text('affected_count') }} || ' of ' || {{ whole_text('compared_count') }} || ' customers have '
        || contradiction || ': tenure_years are years, and tenure_months months' as finding
    from contradictions
    where affected_count > 0 and affected_count >= {{ warning_share }} * compared_count
    union all
    select
        entity_name,
        'sum_beyond_the_type' as finding_code,
        'block' as severity,
        'The amounts of ' || entity_name || ' are too large: ' || too_large_columns || ' adds up to 10,000,000,000,000,000 or more,'
        || ' which no mart can hold' as finding
    from {{ ref('int_entities_profiled') }}
    where too_large_columns is not null
    union all
    select
        entity_name,
        'encoding' as finding_code,
        'warn' as severity,
        note as finding
    from {{ ref('int_inputs_noted') }}
    where is_finding
)

select * from findings
