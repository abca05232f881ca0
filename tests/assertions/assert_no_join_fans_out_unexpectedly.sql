select *
from {{ ref('quality_fan_out') }}
where
    not is_expected
    and (joined_count <> left_count or abs(amount_ratio - 1.0) > 1e-9)
