-- The conditions of the candidates in the form of segment rules. The code of a segment states its conditions, so it keeps its
-- meaning from build to build.
-- A rule that both halves propose is one candidate.
with found as (
    select distinct
        candidate_number,
        sign_number,
        column_name,
        lower_bound,
        upper_bound,
        value
    from {{ ref('int_churn_subgroups_found') }}
),

coded as (
    select
        *,
        column_name || '_' || case
            when value is not null then replace(replace(lower(value), ' ', '_'), '-', '_')
            else {{ concat_present([
                "'from_' || replace(" ~ number_text('lower_bound') ~ ", '.', '_')",
                "'below_' || replace(" ~ number_text('upper_bound') ~ ", '.', '_')",
            ], '_') }}
        end as sign_code
    from found
),

candidates as (
    select
        candidate_number,
        {{ dbt.listagg('sign_code', "'__'", 'order by sign_number') }} as segment_code
    from coded
    group by candidate_number
),

listed as (
    select
        'churn' as segment_scheme,
        candidates.segment_code,
        found.column_name,
        found.lower_bound,
        found.upper_bound,
        found.value,
        found.candidate_number
    from found
    inner join candidates on found.candidate_number = candidates.candidate_number
)

select * from listed
