-- How far two definitions of churn agree on the as-of date, and how early the first one warns.
with pairs as (
    select * from {{ ref('int_churn_overlaps_counted') }}
),

final as (
    select
        first_definition_code,
        second_definition_code,
        known_outcome_count,
        both_count,
        first_only_count,
        second_only_count,
        neither_count,
        cast(both_count as double) / nullif(both_count + first_only_count + second_only_count, 0) as jaccard_share,
        {%- for days in [90, 180, 365] %}
        {%- set closed, followed = 'closed_' ~ days ~ '_days_count', 'followed_' ~ days ~ '_days_count' %}
        {{ followed }},
        cast({{ closed }} as double) / nullif({{ followed }}, 0) as closed_{{ days }}_days_share,
        {{ wilson_lower(closed, followed) }} as closed_{{ days }}_days_share_ci_lower,
        {{ wilson_upper(closed, followed) }} as closed_{{ days }}_days_share_ci_upper,
        {%- endfor %}
        led_count,
        median_lead_days
    from pairs
)

select * from final
