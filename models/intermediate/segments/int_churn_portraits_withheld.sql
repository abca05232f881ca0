-- Features whose p-values a published portrait withholds: a level of the feature, or a part of one, is withheld, and the levels
-- of a feature add up. Named like cells (cut_name, cut_value).
{%- set minimum = number_var('minimum_cell_size') %}

with described as (
    select * from {{ ref('int_churn_portraits_described') }}
    where portrait_code <> 'portfolio'
),

portfolio as (
    select * from {{ ref('int_churn_portraits_described') }}
    where portrait_code = 'portfolio'
),

-- what a cell is called without its half, or without what is known
withheld as (
    select distinct replace(replace(cut_name, 'halves of ', ''), 'known ', '') as feature_name
    from {{ ref('int_churn_cells_withheld') }}
),

final as (
    select distinct
        described.portrait_code as cut_name,
        described.feature_name as cut_value
    from described
    inner join portfolio
        on
            described.feature_name = portfolio.feature_name
            and described.feature_level = portfolio.feature_level
    left join withheld on described.feature_name = withheld.feature_name
    where
        withheld.feature_name is not null
        or described.known_count < {{ minimum }}
        or described.level_count < {{ minimum }}
        or described.known_count - described.level_count between 1 and {{ minimum }} - 1
        or portfolio.level_count < {{ minimum }}
)

select * from final
