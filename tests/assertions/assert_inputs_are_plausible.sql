-- An extract that loses too many rows, or has dates far beyond all others, is misread, and what is measured on it is wrong.
select * from {{ ref('int_input_findings') }}
where severity = 'block'
