-- Which active customers can move up a tier by a single change: the smallest one that the model values high enough, and of equal
-- steps the one that it values most. A change is worth no more than the interval of the customer's value holds. The model
-- describes who is worth what; that a change would make a customer worth as much is not shown.
{#- who has probably left will hardly buy more -#}
{%- set lowest_alive_probability = 0.5 %}
with valued as (
    select * from {{ ref('int_clv_customers_valued') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

upgrades as (
    select * from {{ ref('int_clv_upgrades_listed') }}
),

tiers as (
    select * from {{ ref('int_clv_tiers_bounded') }}
    where tier_set = {{ sql_literal(var('clv_tier_set')) }}
),

gaps as (
    select
        valued.*,
        next_tiers.clv_tier as next_clv_tier,
        next_tiers.lower_bound_amount - valued.clv_amount as gap_amount
    from valued
    inner join churned on valued.customer_id = churned.customer_id
    inner join tiers on valued.clv_family = tiers.clv_family and valued.clv_tier = tiers.clv_tier
    inner join tiers as next_tiers
        on valued.clv_family = next_tiers.clv_family and tiers.tier_number + 1 = next_tiers.tier_number
    where churned.is_current and coalesce(valued.alive_probability, 1) >= {{ lowest_alive_probability }}
),

capped as (
    select
        upgrades.*,
        cast(least(upgrades.changed_clv, coalesce(gaps.highest_clv_amount, upgrades.changed_clv)) as decimal(18, 2)) as changed_clv_amount
    from upgrades
    inner join gaps on upgrades.clv_family = gaps.clv_family and upgrades.customer_id = gaps.customer_id
),

closed as (
    select
        gaps.*,
        capped.feature_name,
        capped.feature_label,
        capped.current_value,
        capped.changed_value,
        capped.step_count,
        capped.changed_clv_amount,
        capped.changed_clv_amount - gaps.predicted_clv_amount as gain_amount
    from gaps
    inner join capped on gaps.clv_family = capped.clv_family and gaps.customer_id = capped.customer_id
    where capped.changed_clv_amount - gaps.predicted_clv_amount >= gaps.gap_amount
),

ranked as (
    select
        *,
        row_number() over (partition by customer_id order by step_count asc, gain_amount desc, feature_name asc) as change_rank
    from closed
),

dimensions as (
    select * from {{ ref('int_customer_dimensions') }}
),

described as (
    select
        ranked.customer_id,
        clv_family,
        model_code,
        clv_tier,
        next_clv_tier,
        clv_amount,
        predicted_clv_amount,
        cast(gap_amount as decimal(18, 2)) as gap_amount,
        feature_name,
        feature_label,
        current_value,
        changed_value,
        step_count,
        changed_clv_amount,
        cast(gain_amount as decimal(18, 2)) as gain_amount,
        alive_probability,
        cast(row_number() over (order by gain_amount * coalesce(alive_probability, 1) desc, ranked.customer_id asc) as bigint)
            as candidate_rank,
        'association' as evidence_kind,
        dimensions.city,
        dimensions.age_band,
        dimensions.gender,
        dimensions.product_count,
        dimensions.is_active
    from ranked
    left join dimensions on ranked.customer_id = dimensions.customer_id
    where change_rank = 1
)

select * from described
