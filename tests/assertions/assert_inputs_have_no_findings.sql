-- Findings that do not block publishing.
{{ config(severity='warn') }}

select * from {{ ref('int_input_findings') }}
where severity = 'warn'
