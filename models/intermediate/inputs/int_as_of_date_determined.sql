-- The date on which everything is measured: var as_of_date, else the latest day on which something happened that is not
-- far beyond all others. Null where the extract has no date.
select
    coalesce({{ date_var('as_of_date') }}, max(happened_on) filter (where not is_far_beyond)) as as_of_date
from {{ ref('int_input_days_judged') }}
