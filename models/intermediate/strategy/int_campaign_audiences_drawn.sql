-- Whom each campaign that is not over addresses: customers for whom a segment proposes its strategy, in its segment where it has one.
-- The arm is a hash of the campaign's salt and the customer's key, so that it stays when the extract grows; customers of the
-- global holdout, which no campaign contacts, are drawn in the same way.
{%- set buckets = 10000 %}

with as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

campaigns as (
    select campaigns.*
    from {{ layout_rows('campaigns') }} as campaigns
    cross join as_of
    where campaigns.strategy_code is not null and coalesce(campaigns.contacts_end_on >= as_of.as_of_date, true)
),

global_holdout as (
    select
        max(salt) as salt,
        coalesce(max(holdout_share), 0) as holdout_share
    from {{ layout_rows('campaigns') }}
    where campaign_code = 'global_holdout'
),

options as (
    select * from {{ ref('int_strategy_options_listed') }}
),

memberships as (
    select * from {{ ref('int_segment_memberships') }}
    where churn_basis in ('current', 'former')
),

rules as (
    select * from {{ ref('contact_rules') }}
),

interactions as (
    select * from {{ ref('int_interactions_conformed') }}
    where direction = 'outbound'
),

-- of any channel where the rule names none
contacted as (
    select
        interactions.customer_id,
        rules.channel
    from rules
    cross join as_of
    inner join interactions on rules.channel is null or rules.channel = interactions.channel
    where
        cast(interactions.occurred_at as date) <= as_of.as_of_date
        and {{ dbt.datediff('interactions.occurred_at', 'as_of.as_of_date', 'day') }} < rules.days
    group by interactions.customer_id, rules.channel, rules.maximum_count
    having count(*) >= max(rules.maximum_count)
),

limited as (
    select
        campaigns.campaign_code,
        contacted.customer_id
    from campaigns
    inner join contacted on contacted.channel is null or campaigns.channel = contacted.channel
    group by campaigns.campaign_code, contacted.customer_id
),

addressed as (
    select
        campaigns.*,
        options.customer_id,
        options.is_current,
        options.audience_blocked_by_code,
        options.churn_probability,
        options.segment_scheme as proposing_scheme,
        options.segment_code as proposing_code
    from campaigns
    inner join options on campaigns.strategy_code = options.strategy_code
    left join memberships
        on
            options.customer_id = memberships.customer_id
            and campaigns.segment_scheme = memberships.segment_scheme
            and campaigns.segment_code = memberships.segment_code
    where campaigns.segment_code is null or memberships.customer_id is not null
),

judged as (
    select
        addressed.*,
        coalesce(
            addressed.audience_blocked_by_code,
            case
                when
                    {{ hash_bucket("global_holdout.salt || '|' || addressed.customer_id", buckets) }}
                    < {{ buckets }} * global_holdout.holdout_share
                    then 'global_holdout'
                when limited.customer_id is not null then 'contact_rule'
            end
        ) as final_code,
        {{ hash_bucket("addressed.salt || '|' || addressed.customer_id", buckets) }} < {{ buckets }} * addressed.holdout_share
            as is_held_out
    from addressed
    cross join global_holdout
    left join limited
        on addressed.campaign_code = limited.campaign_code and addressed.customer_id = limited.customer_id
)

select
    campaign_code,
    customer_id,
    strategy_code,
    coalesce(segment_scheme, proposing_scheme) as segment_scheme,
    coalesce(segment_code, proposing_code) as segment_code,
    case when final_code is not null then 'blocked' when is_held_out then 'holdout' else 'treated' end as arm,
    final_code as blocked_by_code,
    churn_probability
from judged
