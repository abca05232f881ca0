-- Counts of a part of a segment's customers: women, card holders, those whom each arm of a campaign kept. `cut_name` has the
-- part and the scheme.
{%- set parts = {'women_count': 'customers_count', 'credit_card_count': 'customers_count'} %}
{%- set kept = {'treated_kept_count': 'treated_known_count', 'holdout_kept_count': 'holdout_known_count'} %}

with members as (
    select * from {{ ref('int_segment_members_counted') }}
),

arms as (
    select * from {{ ref('int_campaign_arms_counted') }}
),

united as (
    {%- for part, whole in parts.items() %}
    select
        '{{ part }}' as part_name,
        segment_scheme,
        segment_code,
        {{ whole }} as customers_count,
        {{ part }} as part_count
    from members
    union all
    {%- endfor %}
    {%- for part, whole in kept.items() %}
    select
        concat('{{ part }} ', campaign_code, ' ', outcome_code) as part_name,
        segment_scheme,
        segment_code,
        {{ whole }} as customers_count,
        {{ part }} as part_count
    from arms
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        part_name,
        concat(part_name, ' ', segment_scheme) as cut_name,
        segment_code as cut_value,
        segment_scheme,
        segment_scheme in ('all', '{{ exclusive_schemes() | join("', '") }}') as is_exclusive,
        cast(customers_count as bigint) as customers_count,
        cast(part_count as bigint) as part_count
    from united
    where customers_count > 0
)

select * from final
