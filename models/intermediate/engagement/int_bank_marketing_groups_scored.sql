-- Scores of the published study, which count the other way round from the project's own: 1 is best, the most recent and
-- the highest. Job and marital status are coded in alphabetical order.
{{ config(enabled=var('source_system') == 'bank_marketing') }}
{%- set measures = {'recency': 'recency_days', 'frequency': 'frequency_count', 'monetary': 'monetary_amount'} %}

with groups as (
    select * from {{ ref('int_bank_marketing_groups_measured') }}
),

quartiles as (
    select
        {%- for measure, column in measures.items() %}
        {{ quantiles('cast(' ~ column ~ ' as double)', [0.25, 0.5, 0.75]) }} as {{ measure }}_quartiles
        {{- ',' if not loop.last }}
        {%- endfor %}
    from groups
),

scored as (
    select
        groups.*,
        dense_rank() over (order by groups.job) - 1 as job_number,
        dense_rank() over (order by groups.marital_status) - 1 as marital_status_number,
        {%- for measure, column in measures.items() %}
        {%- set above = [] %}
        {%- for number in [1, 2, 3] %}
        {%- do above.append('case when groups.' ~ column ~ ' > ' ~ list_item(measure ~ '_quartiles', number) ~ ' then 1 else 0 end') %}
        {%- endfor %}
        {{ '1 + ' if measure == 'recency' else '4 - ' }}({{ above | join(' + ') }}) as published_{{ measure }}_score
        {{- ',' if not loop.last }}
        {%- endfor %}
    from groups
    cross join quartiles
),

labelled as (
    select
        *,
        100 * published_recency_score + 10 * published_frequency_score + published_monetary_score as rfm_number,
        case
            when published_recency_score = 1 and published_frequency_score = 1 and published_monetary_score = 1 then 'Best'
            when published_recency_score = 1 and published_frequency_score = 3 and published_monetary_score = 4 then 'Almost Lost'
            when published_recency_score = 3 and published_frequency_score = 4 and published_monetary_score = 4 then 'Lost'
            when published_recency_score = 4 and published_frequency_score = 4 and published_monetary_score = 4 then 'Lost Cheap'
            when published_frequency_score = 1 then 'Loyal'
            when published_monetary_score = 1 then 'Big Spenders'
            else 'Others'
        end as published_label
    from scored
)

select * from labelled
