-- What differs from the build that was published last: each count, amount and estimate of the compared marts, and for segments how
-- many of the customers of both builds are in them. A difference of two estimates has the interval of Zou and Donner (2008), one of
-- two counts the noise of independent counts, and one of the same customers McNemar's (1947).

with former as (
    {{ kept_rows('measures') }}
),

former_members as (
    {{ kept_rows('members') }}
),

-- an earlier version kept other facts
former_manifest as (
    select * from ({{ kept_rows('manifest') }}) as kept
    where {{ is_compared_fact() }}
),

manifest as (
    {{ manifest_facts(ref('run_manifest')) }}
),

has_former as (
    select count(*) > 0 as is_compared from former
),

measures as (
    {%- for name in compared_marts() %}
    {%- set relation = ref(name) %}
    {%- set mart = (own_nodes() | selectattr('name', 'equalto', name) | first) if execute else none %}
    {%- if mart %}
    {{ measures_of(mart, relation) }}
    {{ 'union all' if not loop.last }}
    {%- endif %}
    {%- endfor %}
),

-- what changed between the builds themselves
facts_changed as (
    select
        coalesce(manifest.item_kind, former_manifest.item_kind) as item_kind,
        coalesce(manifest.item_name, former_manifest.item_name) as item_name
    from manifest
    full outer join former_manifest
        on manifest.item_kind = former_manifest.item_kind and manifest.item_name = former_manifest.item_name
    where coalesce(manifest.fact, '-') <> coalesce(former_manifest.fact, '-')
),

facts_concerning as (
    {{ facts_concerning('facts_changed') }}
),

kinds_counted as (
    select
        mart_name,
        change_kind,
        case
            when change_kind = 'code' then change_kind
            when count(*) <= 3 then change_kind || ' ' || {{ dbt.listagg('item_name', "', '", 'order by item_name') }}
            else {{ whole_text('count(*)') }} || ' ' || change_kind || 's'
        end as kind_text
    from facts_concerning
    group by mart_name, change_kind
),

kinds as (
    select
        mart_name,
        {{ dbt.listagg('change_kind', "' and '", 'order by change_kind') }} as change_kinds,
        {{ dbt.listagg('kind_text', "', '", 'order by change_kind') }} as cause
    from kinds_counted
    group by mart_name
),

differing as (
    {{ measures_compared('former', 'measures') }}
),

members as (
    select distinct
        customer_id,
        segment_scheme,
        segment_code
    from {{ ref('int_segment_memberships') }}
    cross join has_former
    where churn_basis = 'current' and has_former.is_compared
),

in_both as (
    select customer_id from former_members
    intersect
    select customer_id from members
),

changed_members as (
    select
        coalesce(former_members.segment_scheme, members.segment_scheme) as segment_scheme,
        coalesce(former_members.segment_code, members.segment_code) as segment_code,
        count(former_members.customer_id) as before_count,
        count(members.customer_id) as after_count,
        count(*) filter (where former_members.customer_id is null) as entered_count,
        count(*) filter (where members.customer_id is null) as left_count
    from former_members
    full outer join members
        on
            former_members.customer_id = members.customer_id
            and former_members.segment_scheme = members.segment_scheme
            and former_members.segment_code = members.segment_code
    inner join in_both on coalesce(former_members.customer_id, members.customer_id) = in_both.customer_id
    group by
        coalesce(former_members.segment_scheme, members.segment_scheme),
        coalesce(former_members.segment_code, members.segment_code)
),

united as (
    select * from differing
    union all
    select
        'strategy_segments' as mart_name,
        segment_scheme || ' / ' || segment_code as row_key,
        'same_customers_count' as measure_name,
        cast(before_count as double) as before_value,
        cast(after_count as double) as after_value,
        cast(entered_count - left_count as double) as change,
        {{ confidence_z() }} * sqrt(cast(entered_count + left_count as double)) as lower_width,
        {{ confidence_z() }} * sqrt(cast(entered_count + left_count as double)) as upper_width
    from changed_members
    where entered_count <> left_count
),

tested as (
    {{ changes_tested('united') }}
),

corrected as (
    {{ benjamini_hochberg('tested', 'true') }}
),

limited as (
    select
        corrected.*,
        limits.severity
    from corrected
    left join {{ ref('change_limits') }} as limits
        on
            corrected.mart_name = limits.mart_name
            and corrected.measure_name = limits.measure_name
            and corrected.row_key = coalesce(limits.row_key, corrected.row_key)
            and (
                limits.change_direction in ('up', 'both') and corrected.change > limits.limit_share * abs(corrected.before_value)
                or limits.change_direction in ('down', 'both') and -corrected.change > limits.limit_share * abs(corrected.before_value)
            )
            -- noise breaks no limit
            and coalesce(corrected.q_value < {{ number_var('significance_level') }}, true)
    -- of several limits of a row the sharper one
    qualify row_number() over (
        partition by corrected.mart_name, corrected.row_key, corrected.measure_name
        order by limits.severity nulls last, limits.limit_share nulls last, limits.change_direction nulls last
    ) = 1
),

-- the largest of each mart first, so that what one cause changes in a mart does not fill the list
ranked as (
    select
        *,
        row_number() over (
            partition by mart_name
            order by
                coalesce(q_value < {{ number_var('significance_level') }}, false) desc,
                abs(change) / nullif(lower_width + upper_width, 0) desc nulls last,
                row_key,
                measure_name
        ) as place_in_mart
    from limited
),

final as (
    select
        limited.mart_name,
        limited.row_key,
        limited.measure_name,
        limited.before_value,
        limited.after_value,
        limited.change,
        limited.change - limited.lower_width as change_ci_lower,
        limited.change + limited.upper_width as change_ci_upper,
        limited.p_value,
        limited.q_value,
        limited.q_value < {{ number_var('significance_level') }} as is_beyond_noise,
        coalesce(kinds.change_kinds, 'unknown') as change_kinds,
        kinds.cause,
        cast(row_number() over (
            order by
                coalesce(limited.q_value < {{ number_var('significance_level') }}, false) desc,
                limited.place_in_mart,
                abs(limited.change) / nullif(limited.lower_width + limited.upper_width, 0) desc nulls last,
                limited.mart_name
        ) as bigint) as change_rank,
        limited.severity,
        limited.mart_name || ', ' || limited.row_key || ': ' || limited.measure_name || ' '
        || case
            when limited.before_value is null
                then 'is new (' || {{ measure_text('limited.after_value', 'limited.measure_name') }} || ')'
            when limited.after_value is null
                then 'is gone (' || {{ measure_text('limited.before_value', 'limited.measure_name') }} || ' before)'
            else
                {{ measure_text('limited.before_value', 'limited.measure_name') }} || ' before, '
                || {{ measure_text('limited.after_value', 'limited.measure_name') }} || ' now'
                || case
                    when limited.q_value < {{ number_var('significance_level') }} then ', beyond noise'
                    when limited.q_value is not null then ', within noise'
                    else ''
                end
        end
        || coalesce(' (changed: ' || kinds.cause || ')', '')
        || case limited.severity
            when 'warn' then '; a limit of change_limits is exceeded'
            when 'block' then '; a limit of change_limits that blocks publication is exceeded'
            else ''
        end
        || '.' as sentence
    from ranked as limited
    left join kinds on limited.mart_name = kinds.mart_name
)

select * from final
