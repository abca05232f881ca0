-- Changes beyond a limit of seed change_limits that only warns.
{{ config(severity='warn') }}

select * from {{ ref('quality_changes') }}
where severity = 'warn'
