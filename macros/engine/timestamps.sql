{#- Text to timestamp by the first of `formats` (strftime codes) that fits; null where none does. An offset from UTC, or
    Z, may follow any time of day, so that `%z` in a format says nothing more; such a time is converted to var time_zone.
    Digits of a second beyond the sixth are cut. -#}
{% macro parse_timestamp(text, formats) -%}
    {%- set plain, of_times = [], [] -%}
    {%- for format in formats -%}
        {%- set format = modules.re.sub(' ?%z', '', format) -%}
        {%- if format not in plain -%}{%- do plain.append(format) -%}{%- endif -%}
        {%- if format not in of_times and modules.re.search('%[HI]', format) -%}{%- do of_times.append(format) -%}{%- endif -%}
    {%- endfor -%}
    {%- set clock = '(.*[:T][0-9]{2,6})([.][0-9]{1,6})?[0-9]*' -%}
    {%- set with_offset = clock ~ ' ?(?:[Zz]|UTC|GMT|([+-])(0[0-9]|1[0-4])(?::?([0-5][0-9]))?)' -%}
    {%- set local = captured(text, clock, '$1$2') -%}
    {%- set utc = shifted_minutes(
        parsed_timestamp(captured(text, with_offset, '$1$2'), of_times),
        'coalesce(try_cast(' ~ captured(text, with_offset, '$3${4}') ~ ' as int), 0) * -60'
        ~ ' + coalesce(try_cast(' ~ captured(text, with_offset, '$3${5}') ~ ' as int), 0) * -1'
    ) -%}
    {#- most times have neither, and the rest is looked at only where the formats alone do not fit -#}
    coalesce(
        {{ parsed_timestamp(text, plain) }},
        case
            when {{ matches(text, with_offset) }} then {{ in_time_zone(utc) }}
            when {{ matches(text, clock) }} then {{ parsed_timestamp(local, of_times) }}
        end
    )
{%- endmacro %}


{#- The same of a text without an offset. -#}
{% macro parsed_timestamp(text, formats) -%}
    {{ return(adapter.dispatch('parsed_timestamp')(text, formats)) }}
{%- endmacro %}

{#- try_strptime takes the words infinity and epoch whatever the format says, and one digit of a month where the next
    digit is that of a day; a list of formats of which the first does not fit costs it ten times as much as a pattern. -#}
{% macro duckdb__parsed_timestamp(text, formats) -%}
    coalesce(
        {%- for format in formats %}
        case when {{ matches(text, timestamp_shape(format)['pattern']) }} then try_strptime({{ text }}, {{ sql_literal(format) }}) end,
        {%- endfor %}
        cast(null as timestamp)
    )
{%- endmacro %}

{#- Each format as a pattern whose groups make the text that a cast reads: Spark's own formats demand two digits of a
    month, or none of what follows it. -#}
{% macro spark__parsed_timestamp(text, formats) -%}
    coalesce(
        {%- for format in formats %}
        {%- set shape = timestamp_shape(format) %}
        {%- set groups = shape['groups'] %}
        {%- set time = groups.get('H', '00') ~ ':' ~ groups.get('M', '00') ~ ':' ~ groups.get('S', '00') %}
        {%- set iso = groups.get('Y', '') ~ '-' ~ groups.get('m', '01') ~ '-' ~ groups.get('d', '01') ~ ' ' ~ time
            ~ ('.' ~ groups['f'] if 'f' in groups else '') %}
        case
            when {{ matches(text, shape['pattern']) }}
                then try_cast(regexp_replace({{ text }}, {{ sql_literal(shape['pattern']) }}, '{{ iso }}') as timestamp)
        end,
        {%- endfor %}
        cast(null as timestamp)
    )
{%- endmacro %}


{#- A format of dates as a regular expression with a group for each part, and where each part's group is. Digits of two
    parts that stand side by side must be of a fixed number. -#}
{% macro timestamp_shape(format) %}
    {% set digits = '2' if modules.re.search('%[YmdHMS]%[YmdHMS]', format) else '1,2' %}
    {% set patterns = {
        'Y': '[0-9]{4}', 'y': '[0-9]{2}', 'f': '[0-9]{1,6}', 'b': '[A-Za-z]{3}', 'B': '[A-Za-z]{3,9}', 'p': '[AaPp][Mm]',
    } %}
    {% set shape = namespace(pattern='') %}
    {% set groups = {} %}
    {% for part in modules.re.findall('%[A-Za-z]|[^%]+|%', format) %}
        {% if modules.re.fullmatch('%[A-Za-z]', part) %}
            {% do groups.update({part[1]: '$' ~ (groups | length + 1)}) %}
            {% set shape.pattern = shape.pattern ~ '(' ~ patterns.get(part[1], '[0-9]{' ~ digits ~ '}') ~ ')' %}
        {% else %}
            {% set shape.pattern = shape.pattern ~ modules.re.escape(part) %}
        {% endif %}
    {% endfor %}
    {% do return({'pattern': shape.pattern, 'groups': groups}) %}
{% endmacro %}


{#- What the groups of a pattern that the whole text matches make of it; `parts` names groups as $1. -#}
{% macro captured(text, pattern, parts) -%}
    {{ return(adapter.dispatch('captured')(text, pattern, parts)) }}
{%- endmacro %}

{% macro duckdb__captured(text, pattern, parts) -%}
    regexp_replace({{ text }}, {{ sql_literal('^' ~ pattern ~ '$') }}, {{ sql_literal(modules.re.sub('[$][{]?([0-9])[}]?', '\\\\\\1', parts)) }})
{%- endmacro %}

{% macro spark__captured(text, pattern, parts) -%}
    regexp_replace({{ text }}, {{ sql_literal('^' ~ pattern ~ '$') }}, {{ sql_literal(modules.re.sub('[{}]', '', parts)) }})
{%- endmacro %}


{#- A timestamp some minutes later. -#}
{% macro shifted_minutes(value, minutes) -%}
    {{ return(adapter.dispatch('shifted_minutes')(value, minutes)) }}
{%- endmacro %}

{% macro duckdb__shifted_minutes(value, minutes) -%}
    {{ value }} + to_minutes({{ minutes }})
{%- endmacro %}

{% macro spark__shifted_minutes(value, minutes) -%}
    timestampadd(minute, {{ minutes }}, {{ value }})
{%- endmacro %}


{#- A timestamp in UTC, without a zone, as the clocks of var time_zone show it. -#}
{% macro in_time_zone(utc) -%}
    {{ return(utc if var('time_zone') == 'UTC' else adapter.dispatch('in_time_zone')(utc)) }}
{%- endmacro %}

{% macro duckdb__in_time_zone(utc) -%}
    ({{ utc }}) at time zone 'UTC' at time zone {{ sql_literal(var('time_zone')) }}
{%- endmacro %}

{% macro spark__in_time_zone(utc) -%}
    convert_timezone('UTC', {{ sql_literal(var('time_zone')) }}, {{ utc }})
{%- endmacro %}


{#- Whether a type is that of moments which carry a zone; and such a moment in UTC, without the zone, on any machine. -#}
{% macro is_zoned(source_type) %}
    {% do return(adapter.dispatch('is_zoned')(source_type | lower)) %}
{% endmacro %}

{% macro duckdb__is_zoned(type) %}
    {% do return('with time zone' in type or 'timestamptz' in type) %}
{% endmacro %}

{% macro spark__is_zoned(type) %}
    {% do return(type in ('timestamp', 'timestamp_ltz')) %}
{% endmacro %}


{% macro zoned_in_utc(value, source_type) -%}
    {{ return(adapter.dispatch('zoned_in_utc')(value, source_type | lower)) }}
{%- endmacro %}

{% macro duckdb__zoned_in_utc(value, type) -%}
    {{ in_microseconds(value, type) if type.endswith('_ns') else value ~ " at time zone 'UTC'" }}
{%- endmacro %}

{#- The session's zone is UTC. -#}
{% macro spark__zoned_in_utc(value, type) -%}
    cast({{ value }} as timestamp_ntz)
{%- endmacro %}


{#- A moment in nanoseconds, of which those beyond the microsecond are cut: rounded, the last one of a day would be the first of
    the next. -#}
{% macro in_microseconds(value, source_type) -%}
    {{ return(adapter.dispatch('in_microseconds')(value, source_type | lower)) }}
{%- endmacro %}

{% macro duckdb__in_microseconds(value, type) -%}
    {%- set count = 'epoch_ns(' ~ value ~ ')' -%}
    {{ 'make_timestamp((' ~ count ~ ' - (' ~ count ~ ' % 1000 + 1000) % 1000) // 1000)' if type.endswith('_ns') else value }}
{%- endmacro %}

{#- Spark has no type of nanoseconds, see nanosecond_moment. -#}
{% macro spark__in_microseconds(value, type) -%}
    {{ value }}
{%- endmacro %}


{#- The moment that a column of whole numbers stands for where the engine reads timestamps in nanoseconds as such; null
    where it has a type for them. -#}
{% macro nanosecond_moment(kind, text) -%}
    {{ return(adapter.dispatch('nanosecond_moment')(kind, text)) }}
{%- endmacro %}

{% macro default__nanosecond_moment(kind, text) -%}
    cast(null as {{ kind_type(kind) }})
{%- endmacro %}

{% macro spark__nanosecond_moment(kind, text) -%}
    {%- set count = 'cast(' ~ text ~ ' as bigint)' -%}
    case
        when {{ matches(text, '-?[0-9]{15,19}') }}
            then cast(cast(timestamp_micros(({{ count }} - pmod({{ count }}, 1000)) div 1000) as timestamp_ntz) as {{ kind_type(kind) }})
    end
{%- endmacro %}
