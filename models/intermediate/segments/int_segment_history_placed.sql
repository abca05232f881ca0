-- The customers at risk on each day of the history, with their segment of every scheme that has one on that day and their value:
-- clusters and tiers by the centres and bounds of the as-of date. segment_codes has the segments of all schemes in one text, so
-- that those of two days are counted at once.
-- depends_on: {{ ref('int_churn_observations') }}
{%- set rule_columns = history_rule_columns() %}
{#- of some features no past day is known: then the scheme has no history -#}
{%- set is_ruled = rule_columns and not rule_columns | reject('in', history_features()) | list %}
{#- no two segments of the scheme overlap, so that evaluated rows are the observations -#}
{%- set base = 'ruled' if is_ruled else 'observations' %}
{%- set keys = ['customer_id', 'month_number', 'first_started_on', 'ends_otherwise', 'is_churned'] %}
{%- set flags_and_texts = customer_feature_texts() %}

with observations as (
    select * from {{ ref('int_history_observations') }}
    where is_at_risk
),

rfm as (
    select
        customer_id,
        month_number,
        rfm_segment,
        {{ signed_log('recency_days') }} as recency,
        {{ signed_log('frequency_count') }} as frequency,
        {{ signed_log('monetary_amount') }} as monetary
    from {{ ref('int_rfm_history_scored') }}
),

matched as (
    select * from {{ ref('int_clusters_matched') }}
),

described as (
    select * from {{ ref('int_clusters_described') }}
    where cluster_set = 'customers'
),

structure as (
    select count(*) > 0 as has_clusters from matched
),

{{ cluster_assignment('rfm', ['customer_id', 'month_number', 'rfm_segment']) }},

engaged as (
    select
        assigned.customer_id,
        assigned.month_number,
        assigned.rfm_segment,
        described.segment_code as cluster_segment
    from assigned
    cross join structure
    left join matched on assigned.cluster_number = matched.cluster_number
    left join described
        on described.cluster_code = case
            when matched.cluster_code is not null then matched.cluster_code
            when structure.has_clusters then 'never_in_touch'
            else 'unclustered'
        end
),

valued as (
    select
        customer_id,
        month_number,
        cast(horizon_value as decimal(18, 2)) as clv_amount
    from {{ ref('int_clv_history_valued') }}
    union all
    select
        customer_id,
        cast(0 as bigint) as month_number,
        clv_amount
    from {{ ref('int_clv_customers_valued') }}
),

tiers as (
    select bounded.*
    from {{ ref('int_clv_tiers_bounded') }} as bounded
    inner join {{ ref('int_clv_family_chosen') }} as chosen on bounded.clv_family = chosen.clv_family
    where bounded.tier_set = {{ sql_literal(var('clv_tier_set')) }}
),

tiered as (
    select
        valued.*,
        tiers.clv_tier
    from valued
    inner join tiers on {{ is_within('valued.clv_amount', 'tiers.lower_bound_amount', 'tiers.upper_bound_amount') }}
),

{% if is_ruled -%}
rules as (
    select * from {{ layout_rows('segment_rules') }}
    where segment_scheme = 'rule'
),

-- what is unknown on every day of the outcome windows is so on those of the history
known as (
    select
        {%- for column in rule_columns %}
        count(*) filter (where {{ flags_and_texts[column] ~ " <> 'unknown'" if column in flags_and_texts else column ~ ' is not null' }}) > 0
        {{- ' and' if not loop.last }}
        {%- endfor %} as are_known
    from {{ ref('int_churn_observations') }}
    where churn_basis = 'window'
),

ruled as (
    {{ evaluate_segment_rules('observations', 'rules', keys, keeps_all=true, named=rule_columns) }}
),

{% endif -%}
members as (
    select
        {%- for key in keys %}
        {{ base }}.{{ key }},
        {%- endfor %}
        {% if is_ruled -%}
        case when known.are_known or ruled.month_number = 0 then coalesce(ruled.segment_code, 'unassigned') end
        {%- else -%}
        cast(null as {{ kind_type('text') }})
        {%- endif %} as rule_segment,
        engaged.rfm_segment,
        engaged.cluster_segment,
        tiered.clv_tier,
        tiered.clv_amount
    from {{ base }}
    {%- if is_ruled %}
    cross join known
    {%- endif %}
    left join engaged on {{ base }}.customer_id = engaged.customer_id and {{ base }}.month_number = engaged.month_number
    left join tiered on {{ base }}.customer_id = tiered.customer_id and {{ base }}.month_number = tiered.month_number
),

final as (
    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        clv_amount,
        concat(
            {%- for column in exclusive_schemes().values() %}
            coalesce({{ column }}, 'none'){{ ', chr(9), ' if not loop.last }}
            {%- endfor %}
        ) as segment_codes
    from members
)

select * from final
