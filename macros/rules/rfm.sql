{#- The numbers of bins that a scheme may ask for. -#}
{% macro rfm_bin_counts() %}
    {% do return([3, 4, 5, 10]) %}
{% endmacro %}


{#- Tie-safe score from 1 to bin_count, highest is best: 1 + the number of quantile thresholds below the value, reversed
    where lower is better. Null without a value. Thresholds are the columns <measure>_threshold_1 and so on. -#}
{% macro rfm_score(measure, value) -%}
    {%- set below -%}
        (
            {%- for number in range(1, rfm_bin_counts() | max) %}
            {{ '+ ' if not loop.first }}case when {{ measure }}_threshold_{{ number }} < {{ value }} then 1 else 0 end
            {%- endfor %}
        )
    {%- endset -%}
    case
        when {{ value }} is null then null
        when {{ measure }}_direction = 'lower_is_better' then {{ measure }}_bin_count - {{ below }}
        else 1 + {{ below }}
    end
{%- endmacro %}


{#- The body of an rfm_by_ mart: engagement of each value of one cut, per scheme. `members` is a CTE or relation with
    customer_id and the columns of the cut; a customer may be a member of several values. -#}
{% macro rfm_by(cut_columns, members) -%}
    select
        rfm.rfm_scheme,
        {%- for column in cut_columns %}
        members.{{ column }},
        {%- endfor %}
        count(*) as customers_count,
        count(*) filter (where rfm.frequency_count > 0) as engaged_count,
        {{ exact_average('rfm.recency_days') }} as average_recency_days,
        median(cast(rfm.recency_days as double)) as median_recency_days,
        {{ exact_average('rfm.frequency_count') }} as average_frequency_count,
        {{ exact_average('rfm.monetary_amount') }} as average_monetary_amount,
        median(cast(rfm.monetary_amount as double)) as median_monetary_amount,
        {{ exact_average('rfm.rfm_score') }} as average_rfm_score,
        cast(count(*) filter (where rfm.rfm_segment in ('champions', 'loyal')) as double) / count(*)
            as champions_and_loyal_share,
        cast(count(*) filter (where rfm.rfm_segment in ('at_risk', 'cannot_lose')) as double) / count(*)
            as at_risk_share
    from {{ ref('int_customers_scored') }} as rfm
    inner join {{ members }} as members on rfm.customer_id = members.customer_id
    group by all
{%- endmacro %}
