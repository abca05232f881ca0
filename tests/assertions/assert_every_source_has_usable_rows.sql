-- A source of which every row is in quarantine is a misread file, not a file of bad rows.
select *
from {{ ref('quality_reconciliation') }}
where raw_count > 0 and conformed_count = 0
