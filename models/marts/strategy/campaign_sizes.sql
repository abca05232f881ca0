-- How many customers each campaign that is not over reaches, how many are blocked for which reason, and whether its test can answer what it asks.
with counted as (
    select * from {{ ref('int_campaign_audiences_counted') }}
),

sized as (
    select * from {{ ref('int_campaigns_sized') }}
),

campaigns as (
    select * from {{ layout_rows('campaigns') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

described as (
    select
        counted.campaign_code,
        campaigns.campaign_name,
        campaigns.strategy_code,
        campaigns.channel,
        campaigns.contacts_start_on,
        campaigns.contacts_end_on,
        counted.proposed_count as customers_count,
        counted.blocked_count,
        {%- for code in audience_codes() %}
        counted.blocked_{{ code }}_count,
        {%- endfor %}
        counted.treated_count,
        counted.holdout_count,
        cast(counted.treated_count * campaigns.contact_cost_amount as decimal(18, 2)) as contact_amount,
        sized.expected_effect,
        {{ possible_share('sized.detectable_effect') }} as detectable_test_effect,
        sized.is_answerable,
        cast(case when sized.needed_count < 1e15 then sized.needed_count end as bigint) as needed_test_count
    from counted
    inner join sized on counted.campaign_code = sized.campaign_code
    inner join campaigns on counted.campaign_code = campaigns.campaign_code
)

select
    described.*,
    'Campaign ' || campaign_name || ': ' || {{ grouped_text('treated_count') }} || ' customers are contacted and '
    || {{ grouped_text('holdout_count') }} || ' held out'
    || case
        when treated_count = 0 or holdout_count = 0 then '; without customers in both arms its effect cannot be shown.'
        when is_answerable then ', enough to find the expected effect of ' || {{ percent_text('expected_effect') }} || '.'
        when needed_test_count is null then '; what effect is expected is not known.'
        else ', too few to find the expected effect of ' || {{ percent_text('expected_effect') }} || ', which needs '
            || {{ grouped_text('needed_test_count') }} || '.'
    end
    || case
        when as_of.as_of_date is null and contacts_end_on is not null then ' The extract has no date, so this campaign may be over.'
        else ''
    end as sentence
from described
cross join as_of
