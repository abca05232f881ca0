-- The conditions of the churn definitions that hold for the layout, with what an empty cell of the seed stands for, and how the
-- condition reads. Silence lasts var churn_inactivity_days where no window is given: inactivity has no other definition.
with conditions as (
    select * from {{ layout_rows('churn_definitions') }}
),

completed as (
    select
        churn_definition_code,
        condition_number,
        churn_kind,
        case churn_kind
            when 'drawdown' then drawdown_of
            when 'product_attrition' then 'products'
            when 'lapse' then 'policies'
        end as level_name,
        coalesce(
            window_days,
            case when churn_kind in ('inactive', 'drawdown') then cast({{ number_var('churn_inactivity_days') }} as bigint) end
        ) as window_days,
        case
            when churn_kind in ('product_attrition', 'lapse') and former_share is null then coalesce(upper_bound, 1)
            else upper_bound
        end as upper_bound,
        former_share,
        coalesce(grace_days, 0) as grace_days,
        coalesce(combination, 'all') = 'all' as is_all,
        count(*) over (partition by churn_definition_code) as condition_count,
        -- a flag and a closing are for good
        max(case when churn_kind in ('flag', 'closed') then 0 else 1 end) over (partition by churn_definition_code) = 1 as can_return,
        is_primary,
        coalesce(source_system, 'any') = 'any' as is_general
    from conditions
),

{%- set below = "case when upper_bound is not null then ' below ' || " ~ number_text('upper_bound') ~ " else ' below ' || "
    ~ percent_text('former_share') ~ " || ' of its highest earlier level' end" %}

labelled as (
    select
        *,
        case churn_kind
            when 'flag' then 'flag of the extract'
            when 'closed' then 'closing date'
            when 'inactive' then 'no contact or purchase for ' || {{ whole_text('window_days') }} || ' days'
            when 'non_renewal' then 'a policy not renewed'
            when 'drawdown' then case level_name
                when 'spending' then 'spending of ' || {{ whole_text('window_days') }} || ' days'
                else level_name
            end || {{ below }}
            else 'number of ' || level_name || {{ below }}
        end
        || case when grace_days = 0 then '' else ', for ' || {{ whole_text('grace_days') }} || ' days' end as condition_label
    from completed
)

select * from labelled
