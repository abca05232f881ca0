-- The primary definition of churn, in one row: that of var churn_definition; else of the definitions that the seed marks as primary
-- and that the extract can answer, one of the layout's own before the general ones, a flag before a closing date, and these
-- before anything that a customer can come back from. `unknown` where the extract answers none.
with listed as (
    select * from {{ ref('int_churn_definitions_listed') }}
),

conditions as (
    select
        churn_definition_code,
        condition_number,
        bool_or(is_met) as is_ever_met,
        bool_or(not is_met) as is_ever_unmet
    from {{ ref('int_churn_conditions_dated') }}
    group by churn_definition_code, condition_number
),

-- each condition can be judged of somebody, or one that alone decides
answered as (
    select listed.churn_definition_code
    from listed
    inner join conditions
        on
            listed.churn_definition_code = conditions.churn_definition_code
            and listed.condition_number = conditions.condition_number
    group by listed.churn_definition_code, listed.condition_count, listed.is_all
    having
        count(*) = listed.condition_count
        or case when listed.is_all then bool_or(conditions.is_ever_unmet) else bool_or(conditions.is_ever_met) end
),

definitions as (
    select
        churn_definition_code,
        bool_or(is_primary) as is_primary,
        bool_or(is_general) as is_general,
        bool_or(can_return) as can_return,
        max(case churn_kind when 'flag' then 1 when 'closed' then 2 else 3 end) as kind_rank
    from listed
    group by churn_definition_code
),

chosen as (
    select
        definitions.churn_definition_code,
        definitions.can_return,
        answered.churn_definition_code is not null as is_answered
    from definitions
    left join answered on definitions.churn_definition_code = answered.churn_definition_code
    where
        {% if var('churn_definition') is none -%}
        definitions.is_primary and answered.churn_definition_code is not null
        {%- else -%}
        definitions.churn_definition_code = {{ sql_literal(var('churn_definition')) }}
        {%- endif %}
    qualify row_number() over (
        order by definitions.is_general, definitions.kind_rank, definitions.churn_definition_code
    ) = 1
),

final as (
    select
        coalesce(max(churn_definition_code), 'unknown') as churn_definition,
        coalesce(bool_or(can_return), false) as can_return,
        coalesce(bool_or(is_answered), false) as is_answered
    from chosen
)

select * from final
