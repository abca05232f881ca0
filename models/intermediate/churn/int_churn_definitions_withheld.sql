-- Definitions whose figures are withheld on publication, since they differ from those of another by too few customers; of two
-- such definitions the primary one is shown, else the first by code. Named like cells (cut_name, cut_value).
with pairs as (
    select * from {{ ref('int_churn_overlaps_counted') }}
),

chosen as (
    select * from {{ ref('int_churn_definition_chosen') }}
),

final as (
    select distinct
        pairs.second_definition_code as cut_name,
        'all' as cut_value
    from pairs
    cross join chosen
    where
        pairs.first_only_count + pairs.second_only_count > 0
        and pairs.first_only_count + pairs.second_only_count < {{ number_var('minimum_cell_size') }}
        and pairs.second_definition_code <> chosen.churn_definition
        and (
            pairs.first_definition_code = chosen.churn_definition
            or pairs.first_definition_code < pairs.second_definition_code
        )
)

select * from final
