-- The quartiles of the published study, one row per measure and quartile.
{{ config(enabled=var('source_system') == 'bank_marketing') }}
{%- set measures = {'recency': 'recency_days', 'frequency': 'frequency_count', 'monetary': 'monetary_amount'} %}

with groups as (
    select * from {{ ref('int_bank_marketing_groups_measured') }}
),

listed as (
    {%- for measure, column in measures.items() %}
    select
        '{{ measure }}' as measure,
        {{ quantiles('cast(' ~ column ~ ' as double)', [0.25, 0.5, 0.75]) }} as quantile_list
    from groups
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

computed as (
    {%- for number in [1, 2, 3] %}
    select
        measure,
        {{ number }} as threshold_number,
        {{ list_item('quantile_list', number) }} as threshold
    from listed
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from computed
