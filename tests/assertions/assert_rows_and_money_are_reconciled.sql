-- Every raw row and every rouble of it is conformed, quarantined or a counted copy.
select *
from {{ ref('quality_reconciliation') }}
where not is_reconciled
