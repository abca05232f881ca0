-- What a published migration withholds, named like cells (cut_name, cut_value): the moves `from` a segment whose outcome is
-- withheld or that has few customers, the moves `to` a segment that few are in, and the value of few customers who moved (`from
-- value`, `to value`). Sizes of segments and their value are published, so another one is withheld where the rest would tell.
{%- set minimum = number_var('minimum_cell_size') %}
{%- set sides = {'from': 'to', 'to': 'from'} %}

with moves as (
    select
        *,
        {%- for side in sides %}
        concat('{{ side }} ', segment_scheme, ' ', span_months, ' ', {{ side }}_on) as {{ side }}_name
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_segment_moves_counted') }}
    where span_months > 0
),

outcomes as (
    select
        replace(cut_name, 'history ', 'from ') as cut_name,
        cut_value
    from {{ ref('int_segment_cells_withheld') }}
    where cut_name like 'history %'
),

groups as (
    {%- for side in sides %}
    select
        moves.{{ side }}_name as cut_name,
        moves.{{ side }}_segment_code as cut_value,
        sum(moves.customers_count) as customers_count,
        sum(moves.customers_count) < {{ minimum }} or count(outcomes.cut_value) > 0 as is_shut
    from moves
    left join outcomes on moves.{{ side }}_name = outcomes.cut_name and moves.{{ side }}_segment_code = outcomes.cut_value
    {%- if side == 'to' %}
    -- how many of each segment churned is an outcome of the segment
    where moves.to_segment_code not in ('churned', 'ended')
    {%- endif %}
    group by moves.{{ side }}_name, moves.{{ side }}_segment_code
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

groups_withheld as (
    {{ withheld_with_companions('groups') }}
),

{%- for side, other in sides.items() %}

{{ side }}_values as (
    select
        concat(replace(moves.{{ side }}_name, '{{ side }} ', '{{ side }} value '), ' ', moves.{{ side }}_segment_code) as cut_name,
        moves.{{ other }}_segment_code as cut_value,
        moves.{{ side }}_valued_count as customers_count,
        moves.{{ side }}_valued_count < {{ minimum }}
        or from_withheld.cut_name is not null
        or to_withheld.cut_name is not null as is_shut
    from moves
    {%- for one in sides %}
    left join groups_withheld as {{ one }}_withheld
        on moves.{{ one }}_name = {{ one }}_withheld.cut_name and moves.{{ one }}_segment_code = {{ one }}_withheld.cut_value
    {%- endfor %}
    where moves.{{ side }}_valued_count > 0
),
{%- endfor %}

values_united as (
    select * from from_values
    union all
    select * from to_values
),

withheld as (
    select * from groups_withheld
    union all
    {{ withheld_with_companions('values_united') }}
)

select * from withheld
