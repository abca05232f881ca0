-- RFM scores (5 is best in all three) and the segment of the grid.
{%- set measures = {'recency': 'recency_days', 'frequency': 'frequency_count', 'monetary': 'monetary_amount'} %}

with customers as (
    select * from {{ ref('int_customers_rfm') }}
),

thresholds as (
    select
        rfm_scheme
        {%- for measure in measures %},
        max(bin_count) filter (where measure = '{{ measure }}') as {{ measure }}_bin_count,
        max(direction) filter (where measure = '{{ measure }}') as {{ measure }}_direction,
        cast(max(weight) filter (where measure = '{{ measure }}') as double) as {{ measure }}_weight
        {%- for number in range(1, rfm_bin_counts() | max) %},
        max(threshold) filter (where measure = '{{ measure }}' and threshold_number = {{ number }})
            as {{ measure }}_threshold_{{ number }}
        {%- endfor %}
        {%- endfor %}
    from {{ ref('int_rfm_thresholds_computed') }}
    group by rfm_scheme
),

grid as (
    select * from {{ ref('rfm_segment_grid') }}
),

scored as (
    select
        customers.*,
        {%- for measure in measures %}
        {{ measure }}_bin_count,
        {{ measure }}_weight,
        {%- endfor %}
        -- never in touch is the longest silence there is
        coalesce({{ rfm_score('recency', 'recency_days') }}, 1) as recency_score,
        {{ rfm_score('frequency', 'frequency_count') }} as frequency_score,
        {{ rfm_score('monetary', 'monetary_amount') }} as monetary_score
    from customers
    inner join thresholds on customers.rfm_scheme = thresholds.rfm_scheme
),

-- the grid is five by five; an unknown amount of money leaves the word to the other measures
on_grid as (
    select
        *,
        cast(ceil(recency_score * 5.0 / recency_bin_count) as bigint) as recency_grid_score,
        cast(floor(0.5 + (
            frequency_weight * ceil(frequency_score * 5.0 / frequency_bin_count)
            + coalesce(monetary_weight * ceil(monetary_score * 5.0 / monetary_bin_count), 0)
        ) / (
            frequency_weight + case when monetary_score is null then 0 else monetary_weight end
        )) as bigint) as frequency_monetary_grid_score,
        (
            recency_weight * recency_score + frequency_weight * frequency_score
            + coalesce(monetary_weight * monetary_score, 0)
        ) / (
            recency_weight + frequency_weight + case when monetary_score is null then 0 else monetary_weight end
        ) as rfm_score
    from scored
),

segmented as (
    select
        on_grid.rfm_scheme,
        on_grid.customer_id,
        on_grid.as_of_date,
        on_grid.recency_days,
        on_grid.frequency_count,
        on_grid.monetary_amount,
        on_grid.recency_score,
        on_grid.frequency_score,
        on_grid.monetary_score,
        on_grid.rfm_score,
        grid.rfm_segment
    from on_grid
    inner join grid
        on
            on_grid.recency_grid_score = grid.recency_score
            and on_grid.frequency_monetary_grid_score = grid.frequency_monetary_score
)

select * from segmented
