-- A change beyond a limit of seed change_limits that blocks is not published.
select * from {{ ref('quality_changes') }}
where severity = 'block'
