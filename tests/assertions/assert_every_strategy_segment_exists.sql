-- A strategy that hangs on a segment nobody defined would never reach a customer.
select segment_strategies.*
from {{ layout_rows('segment_strategies') }} as segment_strategies
left join {{ ref('int_segments_named') }} as segments
    on
        segment_strategies.segment_scheme = segments.segment_scheme
        and segment_strategies.segment_code = segments.segment_code
where segments.segment_code is null
