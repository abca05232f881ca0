-- A var that names a set or a scheme which no seed has would leave marts empty without a word.
select {{ sql_literal(var('age_band_set')) }} as missing_name
from {{ ref('bands') }}
having count(*) filter (where band_set = {{ sql_literal(var('age_band_set')) }} and column_name = 'age') = 0
union all
select {{ sql_literal(var('standardisation_age_band_set')) }} as missing_name
from {{ ref('bands') }}
having
    count(*) filter (where band_set = {{ sql_literal(var('standardisation_age_band_set')) }} and column_name = 'age') = 0
union all
select {{ sql_literal(var('rfm_scheme')) }} as missing_name
from {{ ref('rfm_schemes') }}
having count(*) filter (where rfm_scheme = {{ sql_literal(var('rfm_scheme')) }}) = 0
