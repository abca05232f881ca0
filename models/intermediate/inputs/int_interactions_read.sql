{{ config(**kept_by_month('months_to_read', 'interactions')) }}

{{ read_entity('interactions', months_to_read('interactions')) }}
