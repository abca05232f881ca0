{#- What each var must be, so that one that makes no sense stops the build with a sentence before anything runs, also
    where only a Python model reads it. Texts reach SQL as quoted literals, or are looked up among the names that a seed
    or macro has; numbers, flags and dates are what they say. -#}
{% macro setting_kinds() %}
    {% set kinds = {
        'text': [
            'source_system', 'standardisation_age_band_set', 'clv_purchase_model', 'clv_tier_set', 'strategy_choice',
            'history_thresholds',
        ],
        'text or null': ['canonical_schema', 'age_band_set', 'churn_definition', 'clv_family', 'rfm_scheme'],
        'texts': ['strategy_scheme_order'],
        'date formats': ['date_formats'],
        'time zone': ['time_zone'],
        'layouts': ['layouts'],
        'declarations': ['declarations'],
        'file format': ['spark_file_format'],
        'filters': ['clv_policy_filters'],
        'dates': ['placeholder_dates'],
        'date range': ['date_range'],
        'date or null': ['as_of_date', 'churn_observed_from'],
        'flag': ['pseudonymise_ids', 'publish_customers', 'require_publication'],
        'flag or null': ['action_lists_use_protected_attributes'],
        'flag or calibration': ['models_use_protected_attributes'],
        'share': ['significance_level', 'segment_minimum_share'],
        'confidence level': ['confidence_level'],
        'number': ['segment_minimum_lift', 'segment_high_lift', 'clv_discount_rate'],
        'whole number': [
            'churn_window_days', 'churn_inactivity_days', 'small_cell_size', 'minimum_cell_size', 'sample_size',
            'minimum_outcomes', 'clv_horizon_days', 'cluster_maximum_count', 'planning_days',
            'published_builds_kept', 'history_months',
        ],
        'whole numbers': ['clv_holdout_days'],
    } %}
    {% set kind_of = {} %}
    {% for kind, names in kinds.items() %}{% for name in names %}{% do kind_of.update({name: kind}) %}{% endfor %}{% endfor %}
    {% do return(kind_of) %}
{% endmacro %}


{% macro check_settings() %}
    {% if is_own_run() %}
        {% do check_profile() %}
        {% for name, kind in setting_kinds().items() %}
            {% set fault = setting_fault(name, var(name)) %}
            {% if fault %}{% do exceptions.raise_compiler_error(fault) %}{% endif %}
        {% endfor %}
        {% set fault = salt_fault() if var('pseudonymise_ids') else none %}
        {% if fault %}{% do exceptions.raise_compiler_error('Var pseudonymise_ids is true, but ' ~ fault) %}{% endif %}
    {% endif %}
{% endmacro %}


{#- Stops what would run long with a profile that lacks what publishing and reading need. Another project that has this one as a
    package may do without, see macro plugin_lines. -#}
{% macro check_profile() %}
    {% if not has_plugin() %}
        {% if project_name == 'clientele' %}
            {% do exceptions.raise_compiler_error(
                "Profile " ~ target.profile_name ~ ", output " ~ target.name ~ " has no plugin publishing.plugin: expected the"
                ~ " entries module_paths, plugins and config_options of output duckdb in this project's profiles.yml."
            ) %}
        {% endif %}
        {#- as the plugin does it: without this DuckDB 2.0 takes sums over a left join to a relation without rows for 0 -#}
        {% do run_query("set global disabled_optimizers = 'statistics_propagation'") %}
    {% endif %}
{% endmacro %}


{#- Whether the profile loads python_models/publishing/plugin.py; Spark has no plugins. -#}
{% macro has_plugin() %}
    {% do return(adapter.dispatch('has_plugin')()) %}
{% endmacro %}

{% macro default__has_plugin() %}
    {% do return(true) %}
{% endmacro %}

{% macro duckdb__has_plugin() %}
    {% do return(run_query(
        "select count(*) from duckdb_functions() where function_name = 'folder_entries'"
    ).columns[0].values()[0] | int > 0) %}
{% endmacro %}


{#- The lines of a profile that load it, as the end of a sentence. -#}
{% macro plugin_lines() %}
    {% do return(
        "profile " ~ target.profile_name ~ ", output " ~ target.name ~ " has no plugin publishing.plugin; these lines of the output add"
        ~ " it: module_paths: [" ~ package_path('python_models') ~ "] and plugins: [{module: publishing.plugin, alias: clientele,"
        ~ " config: {folders: [" ~ package_path('seeds') ~ ", " ~ raw_folder() ~ ", published]}}]"
    ) %}
{% endmacro %}


{#- Whether a run makes or tests anything of this package: runs of another project's own nodes are none of its business. -#}
{% macro is_own_run() %}
    {% if not execute or flags.WHICH not in ('build', 'run', 'seed', 'test', 'retry') %}{% do return(false) %}{% endif %}
    {% if project_name == 'clientele' %}{% do return(true) %}{% endif %}
    {% for node in own_nodes() if node.unique_id in selected_resources %}{% do return(true) %}{% endfor %}
    {% do return(false) %}
{% endmacro %}


{#- A path of this package, from the folder that dbt runs in: dbt knows where the package is by its seeds alone. -#}
{% macro package_path(path) %}
    {% if project_name != 'clientele' and execute %}
        {% for node in own_nodes() if node.resource_type == 'seed' %}{% do return(node.root_path ~ '/' ~ path) %}{% endfor %}
    {% endif %}
    {% do return(path) %}
{% endmacro %}


{#- The sentence that says what is wrong with a value of the var; empty where nothing is. -#}
{% macro setting_fault(name, value) %}
    {% set kind = setting_kinds()[name] %}
    {% set is_number = value is number and value is not boolean and value == value and value < 1e300 %}
    {% set is_list = value is sequence and value is not string and value is not mapping %}
    {% set says = "Var " ~ name ~ " is '" ~ value ~ "': expected " %}
    {% if kind.endswith(' or null') and value is none %}{% do return('') %}{% endif %}
    {% set kind = kind | replace(' or null', '') %}
    {% if kind in ('number', 'whole number', 'share') and (not is_number or value < 0) %}
        {% do return(says ~ "a number from 0" ~ (" to 1." if kind == 'share' else ".")) %}
    {% elif kind == 'confidence level' and value not in confidence_quantiles().keys() | list %}
        {% do return(says ~ "one of " ~ confidence_quantiles() | join(', ') ~ ".") %}
    {% elif kind == 'share' and value > 1 %}{% do return(says ~ "a number from 0 to 1.") %}
    {% elif kind == 'whole number' and value != value | int %}{% do return(says ~ "a whole number.") %}
    {% elif kind == 'flag' and value is not boolean %}{% do return(says ~ "true or false.") %}
    {% elif kind == 'flag or calibration' and value is not boolean and value != 'calibration' %}
        {% do return(says ~ "true, false or calibration.") %}
    {% elif kind == 'date' and not is_date_text(value) %}{% do return(says ~ "a date as YYYY-MM-DD.") %}
    {% elif kind == 'date range' and (not is_list or value | length != 2 or not is_date_text(value[0]) or not is_date_text(value[1])) %}
        {% do return(says ~ "two dates as YYYY-MM-DD.") %}
    {% elif kind == 'text' and value is not string %}{% do return(says ~ "a text.") %}
    {% elif kind == 'time zone' and value not in modules.pytz.all_timezones %}
        {% do return(says ~ "the name of a time zone, such as Europe/Berlin.") %}
    {% elif kind in ('texts', 'date formats', 'filters', 'whole numbers', 'dates') and not is_list %}{% do return(says ~ "a list.") %}
    {% elif kind == 'texts' %}
        {% for item in value if item is not string %}{% do return(says ~ "a list of texts.") %}{% endfor %}
    {% elif kind == 'dates' %}
        {% for item in value if not is_date_text(item) %}{% do return(says ~ "a list of dates as YYYY-MM-DD.") %}{% endfor %}
    {% elif kind == 'date formats' %}
        {% for item in value if item is not string or item | length == 0 %}
            {% do return(says ~ "a list of formats such as %Y-%m-%d.") %}
        {% endfor %}
        {% for item in value %}
            {% set codes = '%Y, %m, %d, %H, %M, %S, %f' ~ (' and' if target.type == 'spark' else ', %y, %b, %B, %I, %p and') ~ ' %z' %}
            {% for code in modules.re.findall('%.?', item) if code not in codes or code | length < 2 %}
                {% do return(says ~ "formats of " ~ codes ~ ", not " ~ code ~ ".") %}
            {% endfor %}
        {% endfor %}
    {% elif kind == 'whole numbers' %}
        {% for item in value if item is not integer or item is boolean or item < 0 %}
            {% do return(says ~ "a list of whole numbers from 0.") %}
        {% endfor %}
    {% elif kind == 'filters' %}
        {% for item in value %}
            {% if item is not mapping or not is_name(item.get('column')) %}
                {% do return(says ~ "a list of filters, each with the name of a column.") %}
            {% endif %}
        {% endfor %}
    {% elif kind == 'file format' and value not in ['parquet', 'delta', 'iceberg'] %}
        {% do return(says ~ "parquet, delta or iceberg.") %}
    {% elif kind == 'declarations' %}
        {% set fault = declarations_fault(value) %}
        {% if fault %}{% do return('Var ' ~ name ~ ' ' ~ fault if fault.startswith('has ') else says[:-9] ~ fault) %}{% endif %}
    {% elif kind == 'layouts' %}
        {% if value is not mapping %}{% do return(says ~ "the entities of each layout.") %}{% endif %}
        {% for layout, inputs in value.items() %}
            {% for item in [layout] + (inputs if inputs is sequence and inputs is not string else ['']) %}
                {% if not is_name(item) %}{% do return(says ~ "the names of the entities of each layout.") %}{% endif %}
            {% endfor %}
        {% endfor %}
    {% endif %}
    {% do return('') %}
{% endmacro %}


{% macro is_name(value) %}
    {% do return(value is string and modules.re.fullmatch('[A-Za-z_][A-Za-z0-9_]*', value) is not none) %}
{% endmacro %}


{#- What keeps ids from becoming pseudonyms, as the end of a sentence; none where nothing does. -#}
{% macro salt_fault() %}
    {% do return(adapter.dispatch('salt_fault')()) %}
{% endmacro %}

{% macro default__salt_fault() %}
    {% do return('this engine would write the salt into its logs: expected false, or target duckdb.') %}
{% endmacro %}

{% macro duckdb__salt_fault() %}
    {% if not run_query('select has_salt()').columns[0].values()[0] %}
        {% do return('CLIENTELE_SALT has fewer than 16 characters: expected a secret salt there.') %}
    {% endif %}
    {% do return(none) %}
{% endmacro %}
