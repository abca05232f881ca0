-- How many customers a campaign that is not over addresses, how many of them are blocked for which reason, and what a test of them has to find: the share that churns without contact
-- within the campaign's outcome days, and the save rate that is expected.
with drawn as (
    select * from {{ ref('int_campaign_audiences_drawn') }}
),

campaigns as (
    select * from {{ layout_rows('campaigns') }}
),

plans as (
    select * from {{ ref('int_strategy_plans_updated') }}
),

counted as (
    select
        campaign_code,
        count(*) as proposed_count,
        count(*) filter (where arm = 'blocked') as blocked_count,
        {%- for code in audience_codes() %}
        count(*) filter (where blocked_by_code = '{{ code }}') as blocked_{{ code }}_count,
        {%- endfor %}
        count(*) filter (where arm = 'treated') as treated_count,
        count(*) filter (where arm = 'holdout') as holdout_count,
        {{ exact_average("case when arm <> 'blocked' then churn_probability end") }} as churn_probability
    from drawn
    group by campaign_code
)

select
    counted.campaign_code,
    counted.proposed_count,
    counted.blocked_count,
    {%- for code in audience_codes() %}
    counted.blocked_{{ code }}_count,
    {%- endfor %}
    counted.treated_count,
    counted.holdout_count,
    1.0 - power(1.0 - counted.churn_probability, cast(campaigns.outcome_days as double) / {{ number_var('planning_days') }})
        as churn_probability,
    plans.expected_save_rate as save_rate
from counted
inner join campaigns on counted.campaign_code = campaigns.campaign_code
inner join plans on campaigns.strategy_code = plans.strategy_code
