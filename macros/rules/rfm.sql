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

{#- One row per scheme, with the entity that each of its measures comes from. -#}
{% macro rfm_scheme_entities() -%}
    select
        rfm_scheme,
        max(entity_name) filter (where measure = 'recency') as recency_entity,
        max(entity_name) filter (where measure = 'frequency') as frequency_entity,
        max(entity_name) filter (where measure = 'monetary') as monetary_entity
    from {{ ref('rfm_schemes') }}
    group by rfm_scheme
{%- endmacro %}


{#- Recency, frequency and money on a day in the past, by the entities of a relation `schemes`: observations have observed_on and
    balance, events what had happened by that day. -#}
{% macro rfm_measures(observations, events) -%}
    {{ dbt.datediff(
        "case schemes.recency_entity when 'interactions' then " ~ events ~ ".last_contact_on when 'transactions' then "
        ~ events ~ ".last_purchase_on end",
        observations ~ '.observed_on', 'day'
    ) }} as recency_days,
        case schemes.frequency_entity
            when 'interactions' then {{ events }}.contact_count
            when 'transactions' then {{ events }}.purchase_count
        end as frequency_count,
        case schemes.monetary_entity
            when 'customers' then {{ observations }}.balance
            when 'transactions' then {{ events }}.purchase_amount
        end as monetary_amount
{%- endmacro %}


{#- The CTEs from `schemes` to `computed` with the quantiles that split each measure of a relation into bins, within `keys`
    (rfm_scheme and further columns). -#}
{% macro rfm_thresholds(customers, keys) -%}
    {%- set splits, probabilities = [], [] -%}
    {%- for bin_count in rfm_bin_counts() -%}
        {%- for number in range(1, bin_count) -%}
            {%- do splits.append((bin_count, number)) -%}{%- do probabilities.append(number / bin_count) -%}
        {%- endfor -%}
    {%- endfor -%}
schemes as (
    select * from {{ ref('rfm_schemes') }}
),

groups as (
    select distinct {{ keys | join(', ') }} from {{ customers }}
),

quantiles_taken as (
    {%- for measure, column in [
        ('recency', 'recency_days'), ('frequency', 'frequency_count'), ('monetary', 'monetary_amount')
    ] %}
    select
        {{ keys | join(', ') }},
        '{{ measure }}' as measure,
        {{ quantiles('cast(' ~ column ~ ' as double)', probabilities) }} as quantile_list
    from {{ customers }}
    where {{ column }} is not null
    group by {{ keys | join(', ') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

positions as (
    {%- for bin_count, number in splits %}
    select
        {{ bin_count }} as bin_count,
        {{ number }} as threshold_number,
        {{ loop.index }} as quantile_position
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

computed as (
    select
        {%- for key in keys %}
        {{ 'schemes' if key == 'rfm_scheme' else 'groups' }}.{{ key }},
        {%- endfor %}
        schemes.measure,
        schemes.bin_count,
        schemes.direction,
        schemes.weight,
        positions.threshold_number,
        coalesce(fixed.threshold, {{ list_item('quantiles_taken.quantile_list', 'positions.quantile_position') }}) as threshold
    from schemes
    {{ 'left' if keys | length == 1 else 'inner' }} join groups on schemes.rfm_scheme = groups.rfm_scheme
    inner join positions on schemes.bin_count = positions.bin_count
    left join quantiles_taken
        on
            schemes.measure = quantiles_taken.measure
            {%- for key in keys %}
            and groups.{{ key }} = quantiles_taken.{{ key }}
            {%- endfor %}
    left join {{ ref('rfm_fixed_thresholds') }} as fixed
        on
            schemes.rfm_scheme = fixed.rfm_scheme
            and schemes.measure = fixed.measure
            and positions.threshold_number = fixed.threshold_number
)
{%- endmacro %}


{#- The CTEs from `thresholds` to `segmented` that score the rows of a relation (5 is best in all three measures) and place
    them on the grid. The relation has rfm_scheme, recency_days, frequency_count and monetary_amount, on whatever day;
    `columns` are those that are carried along. Thresholds are those of the as-of date, or those of `thresholds`, a relation
    with the further columns of `keys`. -#}
{% macro rfm_scoring(customers, columns, thresholds=none, keys=['rfm_scheme']) -%}
    {%- set measures = {'recency': 'recency_days', 'frequency': 'frequency_count', 'monetary': 'monetary_amount'} %}
thresholds as (
    select
        {{ keys | join(', ') }}
        {%- for measure in measures %},
        max(bin_count) filter (where measure = '{{ measure }}') as {{ measure }}_bin_count,
        max(direction) filter (where measure = '{{ measure }}') as {{ measure }}_direction,
        cast(max(weight) filter (where measure = '{{ measure }}') as double) as {{ measure }}_weight
        {%- for number in range(1, rfm_bin_counts() | max) %},
        max(threshold) filter (where measure = '{{ measure }}' and threshold_number = {{ number }})
            as {{ measure }}_threshold_{{ number }}
        {%- endfor %}
        {%- endfor %}
    from {{ thresholds or ref('int_rfm_thresholds_computed') }}
    group by {{ keys | join(', ') }}
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
    from {{ customers }} as customers
    inner join thresholds
        on {% for key in keys %}customers.{{ key }} = thresholds.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
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
        {%- for column in columns %}
        on_grid.{{ column }},
        {%- endfor %}
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
{%- endmacro %}
