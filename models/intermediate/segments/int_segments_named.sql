-- Every segment with the name that people see: the seed's, or else rendered from its bounds.
with segments as (
    select * from {{ ref('segments') }}
),

rendered as (
    select * from {{ ref('int_segment_rules_rendered') }}
),

named as (
    select
        coalesce(segments.segment_scheme, rendered.segment_scheme) as segment_scheme,
        coalesce(segments.segment_code, rendered.segment_code) as segment_code,
        coalesce(segments.segment_name, rendered.segment_name, segments.segment_code) as segment_name,
        segments.reading,
        rendered.predicate_sql,
        -- a segment without rules reads nothing of the customer
        coalesce(rendered.uses_protected_attribute, false) as uses_protected_attribute
    from segments
    full outer join rendered
        on segments.segment_scheme = rendered.segment_scheme and segments.segment_code = rendered.segment_code
)

select * from named
