{#- Fails for values that are no name of what models read: `names_of` is a kind of names, see macro known_names. Of rows that have
    an owner (source_system), only those that hold for the active layout are looked at: its own columns are no one else's. -#}
{% test is_known_name(model, column_name, names_of, has_owner=false) %}

select {{ column_name }}
from {{ model }}
where
    {{ column_name }} not in ({% for name in known_names(names_of) %}{{ sql_literal(name) }}{{ ', ' if not loop.last }}{% endfor %})
    {%- if has_owner %}
    and {{ holds_for_layout() }}
    {%- endif %}

{% endtest %}
