-- The range of a plan's save rates begins with the pessimistic one. A campaign ends no earlier than it begins, its strategy is one that
-- a segment proposes to customers, and its segment one that exists; otherwise it would never reach a customer. Its channel is one that a
-- strategy or a contact rule has; a misspelt one would pass every rule. No other campaign contacts those whom it holds out with the same
-- strategy at the same time, after which nothing could be said of either. Campaigns that are over, whose segments may be gone, are read
-- all the same.
with as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

campaigns as (
    select
        campaigns.*,
        coalesce(campaigns.contacts_end_on >= as_of.as_of_date, true) as is_to_come
    from {{ layout_rows('campaigns') }} as campaigns
    cross join as_of
    where campaigns.campaign_code <> 'global_holdout'
),

segments as (
    select * from {{ ref('int_segments_named') }}
),

proposed as (
    select distinct assigned.strategy_code
    from {{ ref('int_segment_strategies_assigned') }} as assigned
    inner join {{ ref('strategies') }} as strategies on assigned.strategy_code = strategies.strategy_code
    -- what the bank does within its own house addresses no customer
    where strategies.channel <> 'internal'
),

channels as (
    select channel from {{ ref('strategies') }}
    union
    select channel from {{ ref('contact_rules') }}
    where channel is not null
),

audiences as (
    select * from {{ ref('int_campaign_audiences_drawn') }}
),

contradicted as (
    select
        others.campaign_code,
        campaigns.campaign_code as held_out_by
    from campaigns
    inner join campaigns as others
        on
            campaigns.strategy_code = others.strategy_code
            and campaigns.campaign_code <> others.campaign_code
            and coalesce(campaigns.contacts_start_on <= others.contacts_end_on, true)
            and coalesce(campaigns.contacts_end_on >= others.contacts_start_on, true)
    inner join audiences as held_out on campaigns.campaign_code = held_out.campaign_code and held_out.arm = 'holdout'
    inner join audiences as treated
        on
            others.campaign_code = treated.campaign_code
            and held_out.customer_id = treated.customer_id
            and treated.arm = 'treated'
    where campaigns.is_to_come and others.is_to_come
    group by others.campaign_code, campaigns.campaign_code
),

faults as (
    select
        'strategy_plans' as seed,
        strategy_code as name,
        'the pessimistic save rate is above the optimistic one' as fault
    from {{ ref('strategy_plans') }}
    where pessimistic_save_rate > optimistic_save_rate
    union all
    select
        'campaigns' as seed,
        campaign_code as name,
        'contacts end before they begin' as fault
    from campaigns
    where contacts_start_on > contacts_end_on
    union all
    select
        'campaigns' as seed,
        campaigns.campaign_code as name,
        'no segment proposes the strategy to customers' as fault
    from campaigns
    left join proposed on campaigns.strategy_code = proposed.strategy_code
    where campaigns.is_to_come and proposed.strategy_code is null
    union all
    select
        'campaigns' as seed,
        campaigns.campaign_code as name,
        'there is no such segment' as fault
    from campaigns
    left join segments
        on campaigns.segment_scheme = segments.segment_scheme and campaigns.segment_code = segments.segment_code
    where
        campaigns.is_to_come
        and (campaigns.segment_scheme is not null or campaigns.segment_code is not null)
        and segments.segment_code is null
    union all
    select
        'campaigns' as seed,
        campaign_code as name,
        'no strategy and no contact rule has its channel' as fault
    from campaigns
    where is_to_come and channel not in (select channels.channel from channels)
    union all
    select
        'campaigns' as seed,
        campaign_code as name,
        'contacts customers whom ' || held_out_by || ' holds out from the same strategy' as fault
    from contradicted
)

select * from faults
