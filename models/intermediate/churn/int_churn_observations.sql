-- The one source of churn outcomes: a customer, a day, what was known of the customer on that day, and whether churn followed
-- within the window. Basis `window`: at risk on the first day of an outcome window. `current` and `former`: customers and
-- churned customers on the as-of date, without an outcome. `snapshot`: everybody, where churn has no usable dates.
-- depends_on: {{ ref('int_input_findings') }}, so that nothing is measured on an implausible extract
{%- set remembered = remembered_attributes() %}
{#- difference between the shares of churned and of retained customers with a snapshot -#}
{%- set maximum_coverage_gap = 0.05 %}
{%- set texts = ['gender', 'city', 'education', 'job', 'marital_status'] %}
{#- what the layout declares besides; a date is used as the days since it -#}
{%- set own = own_features() | selectattr('entity', 'equalto', 'customers') | list %}

with days as (
    select * from {{ ref('int_churn_days') }}
),

spells as (
    select * from {{ ref('int_churn_spells') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

counted as (
    select * from {{ ref('int_churn_events_counted') }}
),

snapshots as (
    select * from {{ ref('int_customer_snapshots_conformed') }}
),

scheme as (
    select
        max(entity_name) filter (where measure = 'recency') as recency_entity,
        max(entity_name) filter (where measure = 'frequency') as frequency_entity
    from {{ ref('rfm_schemes') }}
    where rfm_scheme in (select chosen.rfm_scheme from {{ ref('int_rfm_scheme_chosen') }} as chosen)
),

-- attributes that change, of which a record says the latest value only
histories as (
    select
        {%- for attribute in remembered + texts + ['has_marketing_consent'] + own | map(attribute='feature_name') | list %}
        coalesce(bool_or(history = 'snapshot') filter (where feature_name = '{{ attribute }}'), true) as {{ attribute }}_changes
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_features_catalogued') }}
),

at_risk as (
    select
        spells.customer_id,
        days.churn_basis,
        days.window_number,
        days.observed_on,
        days.window_days,
        days.is_rated,
        days.is_tested,
        case
            when spells.ended_on <= days.closes_on then case when spells.is_churn then true end
            else false
        end as is_churned
    from spells
    inner join days
        on
            days.churn_basis = 'window'
            and spells.started_on <= days.observed_on
            and (spells.ended_on is null or spells.ended_on > days.observed_on)
    union all
    select
        churned.customer_id,
        case when days.churn_basis = 'current' and not churned.is_current then 'former' else days.churn_basis end as churn_basis,
        days.window_number,
        days.observed_on,
        days.window_days,
        days.is_rated,
        days.is_tested,
        case when days.churn_basis = 'snapshot' then churned.is_churned end as is_churned
    from churned
    -- not from a CTE: what is read twice is held in memory
    inner join {{ ref('int_customers_profiled') }} as profiled on churned.customer_id = profiled.customer_id
    inner join days on days.churn_basis in ('current', 'snapshot')
    where
        coalesce(profiled.joined_on <= days.observed_on, true)
        -- neither those who died nor those whom the bank closed
        and (days.churn_basis = 'snapshot' or churned.is_current or churned.is_churned)
),

-- the last snapshot at or before the day
remembered as (
    select
        days.observed_on as remembered_on,
        snapshots.*
    from snapshots
    inner join days on days.churn_basis = 'window' and snapshots.observed_on <= days.observed_on
    qualify row_number() over (
        partition by snapshots.customer_id, days.observed_on order by snapshots.observed_on desc
    ) = 1
),

-- snapshots that are deleted when a customer churns would disclose the outcome by their absence
covered as (
    select
        count(remembered.balance) > 0 as has_balances,
        coalesce(abs(
            cast(count(remembered.customer_id) filter (where at_risk.is_churned) as double)
            / nullif(count(*) filter (where at_risk.is_churned), 0)
            - cast(count(remembered.customer_id) filter (where not at_risk.is_churned) as double)
            / nullif(count(*) filter (where not at_risk.is_churned), 0)
        ) <= {{ maximum_coverage_gap }}, true)
        -- of few churned customers a gap says little
        or count(*) filter (where at_risk.is_churned) < {{ number_var('small_cell_size') }} as is_even
    from at_risk
    left join remembered on at_risk.customer_id = remembered.customer_id and at_risk.observed_on = remembered.remembered_on
    where at_risk.churn_basis = 'window'
),

observed as (
    select
        at_risk.customer_id,
        at_risk.churn_basis,
        at_risk.window_number,
        at_risk.observed_on,
        at_risk.window_days,
        at_risk.is_rated,
        at_risk.is_tested,
        at_risk.is_churned,
        {{ is_in_discovery_half('at_risk.customer_id') }} as is_discovery,
        case
            when at_risk.churn_basis in ('window', 'current') then {{ age_on_day(
                'profiled.birth_date', 'profiled.age', 'at_risk.observed_on',
                'coalesce(at_risk.window_number, 0) * at_risk.window_days'
            ) }}
            else profiled.age
        end as age,
        {%- for attribute in texts %}
        case
            when at_risk.churn_basis = 'window' and histories.{{ attribute }}_changes then 'unknown' else profiled.{{ attribute }}
        end as {{ attribute }},
        {%- endfor %}
        case
            when at_risk.churn_basis in ('window', 'current') and profiled.joined_on is not null
                then {{ tenure_on_day('profiled.joined_on', 'at_risk.observed_on') }}
            when at_risk.churn_basis <> 'window' then profiled.tenure_years
        end as tenure_years,
        case
            when at_risk.churn_basis = 'window' then coalesce(counted.product_count, case when covered.is_even then remembered.product_count end)
            when at_risk.churn_basis = 'current' then coalesce(counted.product_count, profiled.product_count)
            else profiled.product_count
        end as product_count,
        {%- for attribute in remembered %}
        case
            when at_risk.churn_basis = 'window' and histories.{{ attribute }}_changes
                then case when covered.is_even then remembered.{{ attribute }} end
            else profiled.{{ attribute }}
        end as {{ attribute }},
        {%- endfor %}
        case
            when at_risk.churn_basis <> 'window' or not histories.has_marketing_consent_changes
                then profiled.has_marketing_consent
        end as has_marketing_consent,
        case
            when at_risk.churn_basis <> 'window' or not histories.balance_changes then profiled.has_known_balance
            when covered.is_even and covered.has_balances and remembered.customer_id is not null
                then remembered.balance is not null
        end as has_known_balance,
        {{ dbt.datediff(
            "case scheme.recency_entity when 'interactions' then counted.last_contact_on when 'transactions' then counted.last_purchase_on end",
            'at_risk.observed_on', 'day'
        ) }} as recency_days,
        case scheme.frequency_entity
            when 'interactions' then counted.contact_count
            when 'transactions' then counted.purchase_count
        end as frequency_count,
        counted.recent_contact_count,
        counted.contact_recency_days,
        counted.recent_purchase_count,
        counted.purchase_recency_days,
        counted.recent_purchase_amount
        {%- for feature in own %},
        {%- set name, column = feature['feature_name'], feature['column'] %}
        {%- set remembered_value = 'remembered.' ~ column if column in own_columns('customer_snapshots') else 'null' %}
        case
            when at_risk.churn_basis = 'window' and histories.{{ name }}_changes
                then {{ own_value(feature, 'case when covered.is_even then ' ~ remembered_value ~ ' end', 'at_risk.observed_on') }}
            {%- if feature['sql_kind'] == 'date' %}
            when at_risk.churn_basis = 'window' then {{ own_value(feature, 'profiled.' ~ column, 'at_risk.observed_on') }}
            {%- endif %}
            else profiled.{{ name }}
        end as {{ name }}
        {%- endfor %}
        {%- for feature in own_features() if feature['entity'] == 'transactions' %},
        counted.{{ feature['feature_name'] }}
        {%- endfor %}
    from at_risk
    cross join scheme
    cross join histories
    cross join covered
    inner join {{ ref('int_customers_profiled') }} as profiled on at_risk.customer_id = profiled.customer_id
    left join counted on at_risk.customer_id = counted.customer_id and at_risk.observed_on = counted.observed_on
    left join remembered on at_risk.customer_id = remembered.customer_id and at_risk.observed_on = remembered.remembered_on
)

select * from observed
