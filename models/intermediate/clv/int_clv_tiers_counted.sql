-- The tiers of every set: the current customers in them and what they are worth. Churned customers are a row of their own: they
-- count in no tier, and hold no part of the value of the current ones.
with tiers as (
    select bounded.*
    from {{ ref('int_clv_tiers_bounded') }} as bounded
    inner join {{ ref('int_clv_family_chosen') }} as chosen on bounded.clv_family = chosen.clv_family
),

bounded as (
    select
        clv_family,
        tier_set,
        clv_tier,
        tier_number,
        lower_bound_amount,
        upper_bound_amount
    from tiers
    union all
    select distinct
        clv_family,
        tier_set,
        'churned' as clv_tier,
        0 as tier_number,
        cast(null as decimal(18, 2)) as lower_bound_amount,
        cast(null as decimal(18, 2)) as upper_bound_amount
    from tiers
),

valued as (
    select
        valued.clv_amount,
        churned.is_current
    from {{ ref('int_clv_customers_valued') }} as valued
    inner join {{ ref('int_customers_churned') }} as churned on valued.customer_id = churned.customer_id
    where churned.is_current or churned.is_churned
),

members as (
    select
        bounded.*,
        bounded.clv_tier <> 'churned' as is_tier,
        valued.clv_amount,
        sum(case when valued.is_current then valued.clv_amount end) over (partition by bounded.tier_set) as set_amount,
        sum(valued.clv_amount) over (partition by bounded.tier_set, bounded.clv_tier) as tier_amount
    from bounded
    left join valued
        on
            valued.is_current = (bounded.clv_tier <> 'churned')
            and {{ is_within('valued.clv_amount', 'bounded.lower_bound_amount', 'bounded.upper_bound_amount') }}
),

shared as (
    select
        *,
        case when is_tier then coalesce(cast(tier_amount as double) / nullif(cast(set_amount as double), 0), 0) end as value_share,
        case when is_tier then cast(clv_amount as double) * clv_amount end as squared_amount
    from members
),

counted as (
    select
        tier_set,
        clv_tier,
        tier_number,
        clv_family,
        lower_bound_amount,
        upper_bound_amount,
        count(clv_amount) as customers_count,
        cast(coalesce(max(tier_amount), 0) as decimal(18, 2)) as total_clv_amount,
        {{ exact_average('clv_amount') }} as average_clv_amount,
        max(value_share) as value_share,
        max(cast(set_amount as double)) as set_value,
        -- squared distances of what each customer holds from what the share would give
        {{ exact_sum('squared_amount * (1 - value_share) * (1 - value_share)') }} as inside_square,
        {{ exact_sum('squared_amount') }} as squared_value,
        max(squared_amount) as largest_square
    from shared
    group by tier_set, clv_tier, tier_number, clv_family, lower_bound_amount, upper_bound_amount
),

-- the variance of a ratio of two sums over the same customers, linearised
spread as (
    select
        *,
        {{ confidence_z() }} * sqrt(
            coalesce(inside_square, 0)
            + value_share * value_share
            * ({{ exact_sum('squared_value', 'partition by tier_set') }} - coalesce(squared_value, 0))
        ) / nullif(set_value, 0) as half_width,
        -- with a customer like this there may be others outside the sample, of whom the variance knows nothing
        coalesce(
            max(largest_square) over (partition by tier_set)
            > 0.1 * {{ exact_sum('squared_value', 'partition by tier_set') }},
            false
        ) as is_heavy_tailed
    from counted
),

described as (
    select
        tier_set,
        clv_tier,
        tier_number,
        clv_family,
        lower_bound_amount,
        upper_bound_amount,
        customers_count,
        total_clv_amount,
        average_clv_amount,
        value_share,
        case when value_share is not null then greatest(0.0, value_share - coalesce(half_width, 0)) end as value_share_ci_lower,
        case when value_share is not null then least(1.0, value_share + coalesce(half_width, 0)) end as value_share_ci_upper,
        is_heavy_tailed,
        tier_set = {{ sql_literal(var('clv_tier_set')) }} as is_active
    from spread
)

select * from described
