-- The two arms of each campaign and segment side by side: how many were assigned, of how many the outcome is known, how many were
-- kept, and how alike the arms are. Outcome `recorded` is what the campaign's own file says, `closing` that no
-- closing followed within the campaign's outcome days.
{%- set measures = ['age', 'tenure_days', 'logged_balance', 'churn_probability'] %}
with observed as (
    select * from {{ ref('int_campaign_contacts_observed') }}
),

outcomes as (
    select
        *,
        'recorded' as outcome_code,
        is_retained as is_kept
    from observed
    union all
    select
        *,
        'closing' as outcome_code,
        is_open as is_kept
    from observed
),

counted as (
    select
        campaign_code,
        segment_scheme,
        segment_code,
        outcome_code,
        {%- for arm in ['treated', 'holdout'] %}
        count(*) filter (where arm = '{{ arm }}') as {{ arm }}_count,
        count(is_kept) filter (where arm = '{{ arm }}') as {{ arm }}_known_count,
        count(*) filter (where arm = '{{ arm }}' and is_kept) as {{ arm }}_kept_count,
        {%- for measure in measures %}
        count({{ measure }}) filter (where arm = '{{ arm }}') as {{ arm }}_{{ measure }}_count,
        {{ exact_sum("case when arm = '" ~ arm ~ "' then " ~ measure ~ " end") }} as {{ arm }}_{{ measure }}_sum,
        {{ exact_sum("case when arm = '" ~ arm ~ "' then cast(" ~ measure ~ " as double) * " ~ measure ~ " end") }}
            as {{ arm }}_{{ measure }}_squares,
        {%- endfor %}
        {%- endfor %}
        {{ exact_average("case when arm = 'treated' then cast(clv_amount as double) end") }} as average_value
    from outcomes
    group by campaign_code, segment_scheme, segment_code, outcome_code
),

described as (
    select
        counted.*,
        campaigns.holdout_share,
        campaigns.strategy_code,
        coalesce(campaigns.contact_cost_amount, plans.contact_effort_days * plans.effort_day_amount) as contact_cost,
        plans.offer_cost_amount,
        plans.retained_take_up_rate
    from counted
    left join {{ layout_rows('campaigns') }} as campaigns on counted.campaign_code = campaigns.campaign_code
    left join {{ ref('strategy_plans') }} as plans on campaigns.strategy_code = plans.strategy_code
    -- an outcome that the extract does not have
    where counted.treated_known_count + counted.holdout_known_count > 0
)

select * from described
