-- Whom each campaign that is not over addresses: customers for whom a segment proposes its strategy, in its segment where it has one.
-- The arm is a hash of the campaign's salt and the customer's key, so that it stays when the extract grows; customers of the
-- global holdout, which no campaign contacts, are drawn in the same way. A contact rule counts what the bank has sent and, so that
-- campaigns do not add up to more than it allows, whom a campaign that begins earlier addresses: in both arms alike, for the held out
-- would otherwise be contacted by the next one more often than the others.
{%- set buckets = 10000 %}

with as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

campaigns as (
    select
        campaigns.*,
        coalesce(campaigns.contacts_start_on, as_of.as_of_date) as starts_on
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

-- what the bank has sent, in any channel where the rule names none
contacted as (
    select
        interactions.customer_id,
        rules.channel,
        rules.days,
        rules.maximum_count,
        count(*) as contact_count
    from rules
    cross join as_of
    inner join interactions on rules.channel is null or rules.channel = interactions.channel
    where
        cast(interactions.occurred_at as date) <= as_of.as_of_date
        and {{ dbt.datediff('interactions.occurred_at', 'as_of.as_of_date', 'day') }} < rules.days
    group by interactions.customer_id, rules.channel, rules.days, rules.maximum_count
),

sent as (
    select
        campaigns.campaign_code,
        contacted.*
    from campaigns
    inner join contacted on contacted.channel is null or campaigns.channel = contacted.channel
),

limited as (
    select distinct
        campaign_code,
        customer_id
    from sent
    where contact_count >= maximum_count
),

-- campaigns that begin earlier and may contact within the days of a rule of both
earlier as (
    select
        campaigns.campaign_code,
        others.campaign_code as earlier_code,
        rules.channel,
        rules.days,
        rules.maximum_count
    from campaigns
    inner join rules on rules.channel is null or campaigns.channel = rules.channel
    inner join campaigns as others
        on
            (rules.channel is null or rules.channel = others.channel)
            and (
                campaigns.starts_on > others.starts_on
                or campaigns.starts_on = others.starts_on and campaigns.campaign_code > others.campaign_code
            )
    where coalesce({{ dbt.datediff('others.contacts_end_on', 'campaigns.starts_on', 'day') }} < rules.days, true)
),

addressed as (
    select
        campaigns.*,
        options.customer_id,
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
        ) as own_code,
        {{ hash_bucket("addressed.salt || '|' || addressed.customer_id", buckets) }} < {{ buckets }} * addressed.holdout_share
            as is_held_out
    from addressed
    cross join global_holdout
    left join limited
        on addressed.campaign_code = limited.campaign_code and addressed.customer_id = limited.customer_id
),

planned as (
    select
        earlier.campaign_code,
        judged.customer_id,
        earlier.channel,
        earlier.days,
        earlier.maximum_count,
        count(*) as contact_count
    from earlier
    inner join judged on earlier.earlier_code = judged.campaign_code
    where judged.own_code is null
    group by earlier.campaign_code, judged.customer_id, earlier.channel, earlier.days, earlier.maximum_count
),

crowded as (
    select distinct
        planned.campaign_code,
        planned.customer_id
    from planned
    left join sent
        on
            planned.campaign_code = sent.campaign_code
            and planned.customer_id = sent.customer_id
            and planned.days = sent.days
            and planned.channel is not distinct from sent.channel
    where planned.contact_count + coalesce(sent.contact_count, 0) >= planned.maximum_count
),

final as (
    select
        judged.*,
        coalesce(judged.own_code, case when crowded.customer_id is not null then 'contact_rule' end) as final_code
    from judged
    left join crowded on judged.campaign_code = crowded.campaign_code and judged.customer_id = crowded.customer_id
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
from final
