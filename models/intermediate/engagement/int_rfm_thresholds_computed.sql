-- The bounds that split each measure's values into bins, kept as rows so that a score can be explained: those that people fixed,
-- else the quantiles of customers who have not closed, since closing ends the activity that is measured.
{%- set probabilities = [] -%}
{%- for bin_count in rfm_bin_counts() -%}
    {%- for number in range(1, bin_count) -%}
        {%- if number / bin_count not in probabilities -%}{%- do probabilities.append(number / bin_count) -%}{%- endif -%}
    {%- endfor -%}
{%- endfor %}

with customers as (
    select rfm.*
    from {{ ref('int_customers_rfm') }} as rfm
    inner join {{ ref('int_customers_conformed') }} as customers on rfm.customer_id = customers.customer_id
    where not coalesce(customers.closed_on <= rfm.as_of_date, false)
),

schemes as (
    select * from {{ ref('rfm_schemes') }}
),

measured as (
    {%- for measure, column in [
        ('recency', 'recency_days'), ('frequency', 'frequency_count'), ('monetary', 'monetary_amount')
    ] %}
    select
        rfm_scheme,
        '{{ measure }}' as measure,
        {{ quantiles('cast(' ~ column ~ ' as double)', probabilities) }} as quantile_list
    from customers
    where {{ column }} is not null
    group by rfm_scheme
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

positions as (
    {%- for bin_count in rfm_bin_counts() %}
    {%- set outer_last = loop.last %}
    {%- for number in range(1, bin_count) %}
    select
        {{ bin_count }} as bin_count,
        {{ number }} as threshold_number,
        {{ probabilities.index(number / bin_count) + 1 }} as quantile_position
    {%- if not (outer_last and loop.last) %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
),

computed as (
    select
        schemes.rfm_scheme,
        schemes.measure,
        schemes.bin_count,
        schemes.direction,
        schemes.weight,
        positions.threshold_number,
        coalesce(fixed.threshold, {{ list_item('measured.quantile_list', 'positions.quantile_position') }}) as threshold
    from schemes
    inner join positions on schemes.bin_count = positions.bin_count
    left join measured on schemes.rfm_scheme = measured.rfm_scheme and schemes.measure = measured.measure
    left join {{ ref('rfm_fixed_thresholds') }} as fixed
        on
            schemes.rfm_scheme = fixed.rfm_scheme
            and schemes.measure = fixed.measure
            and positions.threshold_number = fixed.threshold_number
)

select * from computed
